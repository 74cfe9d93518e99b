import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execute, ROOT } from './process.ts'

const TEMPLATES = join(ROOT, '.build/postgres-data')

/** Whose data it is. */
export interface DataOptions {
  /** Folder of the server's programs. */
  readonly bin: string
  readonly uid: number | undefined
  /** All else that `initdb` is told. */
  readonly args: readonly string[]
}

/**
 * Puts the data of a new server at `data`: a copy of what `initdb` made for the same server before, which is kept below
 * `.build`, else what `make` makes there.
 */
export async function placeData(
  data: string,
  options: DataOptions,
  make: () => Promise<void>,
): Promise<void> {
  const template = join(TEMPLATES, keyOf(options))
  if (existsSync(template)) return copy(template, data)
  await make()
  mkdirSync(TEMPLATES, { recursive: true })
  const unfinished = `${template}-${process.pid}`
  try {
    await copy(data, unfinished)
    // Where another test was faster, its template is as good.
    if (!existsSync(template)) renameSync(unfinished, template)
  } catch (error) {
    if (!existsSync(template)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

function keyOf({ bin, uid, args }: DataOptions): string {
  const { mtimeMs, size } = statSync(join(bin, 'postgres'))
  const all = JSON.stringify([bin, mtimeMs, size, uid ?? null, args])
  return createHash('sha256').update(all).digest('hex').slice(0, 16)
}

/** With owners and modes. */
async function copy(from: string, to: string): Promise<void> {
  const { code, stderr } = await execute('cp', ['-a', from, to])
  if (code !== 0) throw new Error(`${from} could not be copied: ${stderr}`)
}
