import type { JournalEvent } from '../event.ts'

/** Why a reader has no more of an event than what is never sealed. */
export type Withheld = 'shredded' | 'sealed'

/** Undefined where all of the event is there. */
export function whyWithheld({
  shredded,
  sealed,
}: Pick<JournalEvent, 'shredded' | 'sealed'>): Withheld | undefined {
  if (shredded === true) return 'shredded'
  return sealed === true ? 'sealed' : undefined
}
