import { parseArgs } from 'node:util'
import { DEFAULT_CONFIG_PATH } from '../check.ts'
import type { DataPlace } from './open.ts'

/** What an option of a command is: `--name TEXT`, the same any number of times, or `--name`. */
export type OptionKinds = Readonly<Record<string, 'text' | 'texts' | 'flag'>>

/** What was given for each option. */
export type OptionValues<Kinds extends OptionKinds> = {
  readonly [Name in keyof Kinds]?: OptionValue<Kinds[Name]>
}

type OptionValue<Kind> = Kind extends 'flag' ? boolean : Kind extends 'texts' ? readonly string[] : string

/** The options of a command line and its words; or what is wrong with it. */
export function readValues<const Kinds extends OptionKinds>(
  args: readonly string[],
  kinds: Kinds,
): { readonly values: OptionValues<Kinds>; readonly words: readonly string[] } | string {
  const options = Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [
      name,
      { type: kind === 'flag' ? ('boolean' as const) : ('string' as const), multiple: kind === 'texts' },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    return { values: values as OptionValues<Kinds>, words: positionals }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A command line that was read. */
export interface ReadOptions {
  readonly texts: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  readonly words: readonly string[]
  readonly place: DataPlace
}

/** The options, with `--data`, `--config` and `--json` beside those of `kinds`; or what is wrong with them. */
export function readOptions(
  args: readonly string[],
  kinds: Readonly<Record<string, 'text' | 'flag'>>,
): ReadOptions | string {
  const all: OptionKinds = { data: 'text', config: 'text', json: 'flag', ...kinds }
  const read = readValues(args, all)
  if (typeof read === 'string') return read
  const texts = new Map<string, string>()
  const flags = new Set<string>()
  for (const [name, value] of Object.entries(read.values)) {
    if (typeof value === 'string') texts.set(name, value)
    else if (value === true) flags.add(name)
  }
  if (texts.has('data') && texts.has('config')) return 'give --data or --config, not both'
  const place = { data: texts.get('data'), config: texts.get('config') ?? DEFAULT_CONFIG_PATH }
  return { texts, flags, words: read.words, place }
}

/** A whole number from 1 to `most`; undefined for anything else. */
export function readCount(text: string, most: number): number | undefined {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return value >= 1 && value <= most ? value : undefined
}
