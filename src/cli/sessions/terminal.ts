import type { Changes } from '../../record/follow/journal.ts'

/** What commands that live longer than a moment take of the terminal. */
export interface Terminal {
  /** Its width in columns; undefined where `out` is no terminal. */
  readonly columns: number | undefined
  /** Tells when the journal in this folder may have changed, until the person wants no more (Ctrl-C). */
  readonly changes: (folder: string) => Changes
  /** The next key that is pressed; undefined where nobody can press one, or wants no more. */
  readonly key: () => Promise<string | undefined>
  /** Writes bytes as they are to where `out` goes; resolves when there is room for more. */
  readonly bytes: (bytes: Buffer) => Promise<void>
  /** Time now, ms since the epoch. */
  readonly now: () => number
}
