import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { STARTER } from '../config/starter.ts'

/** What `init` takes from outside. */
export interface InitPorts {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/**
 * `sallyport init [FOLDER]`: writes a commented starting configuration with example policies, which passes
 * `serve --check` as it stands. Overwrites nothing: if one of its files is there, it writes none.
 * Exit code 0: written; 1: refused or not writable; 2: wrong usage.
 */
export async function init(args: readonly string[], ports: InitPorts): Promise<number> {
  const folder = parseFolder(args)
  if (folder === undefined) {
    ports.err('usage: sallyport init [FOLDER]\n')
    return 2
  }
  const there = STARTER.map(file => join(folder, file.path)).filter(path => existsSync(path))
  if (there.length > 0) {
    ports.err(`\`${there.join('`, `')}\` is there already; nothing was written\n`)
    return 1
  }
  try {
    for (const file of STARTER) {
      const path = join(folder, file.path)
      mkdirSync(dirname(path), { recursive: true })
      // `wx` refuses a file that appeared since.
      writeFileSync(path, file.text, { flag: 'wx' })
      ports.out(`wrote ${path}\n`)
    }
  } catch (error) {
    ports.err(`cannot write the configuration: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
  ports.out(`next: edit ${join(folder, 'sallyport.yaml')}, then run: sallyport serve --check\n`)
  return 0
}

function parseFolder(args: readonly string[]): string | undefined {
  try {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true })
    return positionals.length > 1 ? undefined : (positionals[0] ?? '.')
  } catch {
    return undefined
  }
}
