import { readFileSync } from 'node:fs'

/** What test files take, seconds of a processor; those that are not in it take a moment. */
const TABLE = new URL('./seconds.json', import.meta.url)
const A_MOMENT = 1

/** The seconds of each file, as the table has them. */
export function secondsOfFiles(): ReadonlyMap<string, number> {
  return new Map(Object.entries(JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, number>))
}

/** The longest first: so that no processor waits at the end for the one that has them. */
export function longestFirst(
  files: readonly string[],
  seconds: ReadonlyMap<string, number> = secondsOfFiles(),
): string[] {
  const of = (file: string): number => seconds.get(file) ?? A_MOMENT
  return files.toSorted((a, b) => of(b) - of(a) || (a < b ? -1 : 1))
}
