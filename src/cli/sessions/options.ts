import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import type { DataPlace } from './open.ts'

/** What an option of a command is: `--name TEXT`, or `--name`. */
export type OptionKinds = Readonly<Record<string, 'text' | 'flag'>>

/** A command line that was read. */
export interface ReadOptions {
  readonly texts: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  readonly words: readonly string[]
  readonly place: DataPlace
}

/** The options, with `--data`, `--config` and `--json` beside those of `kinds`; or what is wrong with them. */
export function readOptions(args: readonly string[], kinds: OptionKinds): ReadOptions | string {
  const all: OptionKinds = { data: 'text', config: 'text', json: 'flag', ...kinds }
  const options = Object.fromEntries(
    Object.entries(all).map(([name, kind]) => [
      name,
      { type: kind === 'text' ? ('string' as const) : ('boolean' as const) },
    ]),
  )
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const texts = new Map<string, string>()
  const flags = new Set<string>()
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value === 'string') texts.set(name, value)
    else if (value === true) flags.add(name)
  }
  if (texts.has('data') && texts.has('config')) return 'give --data or --config, not both'
  const place = { data: texts.get('data'), config: texts.get('config') ?? DEFAULT_CONFIG_PATH }
  return { texts, flags, words: parsed.positionals, place }
}

/** A whole number from 1 to `most`; undefined for anything else. */
export function readCount(text: string, most: number): number | undefined {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return value >= 1 && value <= most ? value : undefined
}
