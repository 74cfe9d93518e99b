import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { init as runInit } from '../cli/init.ts'

/** `sallyport init` */
export function init(args: readonly string[]): Promise<number> {
  const out = (text: string): void => void process.stdout.write(text)
  const err = (text: string): void => void process.stderr.write(text)
  return runInit(args, { out, err })
}

/** `sallyport version` */
export async function version(): Promise<number> {
  const file = join(import.meta.dirname, '..', '..', 'package.json')
  const { version: number } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  process.stdout.write(`sallyport ${number} (Node ${process.versions.node})\n`)
  return 0
}
