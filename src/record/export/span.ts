import type { Entry } from '../calls.ts'

/** From `sinceMs` on, and before `untilMs`; ms since the epoch, open where absent. */
export interface Span {
  readonly sinceMs?: number
  readonly untilMs?: number
}

/** When an entry happened: a call when it was decided, whenever it ended. */
export function timeOfEntry(entry: Entry): number {
  switch (entry.kind) {
    case 'session':
      return entry.session.timeMs
    case 'call':
      return entry.decision.timeMs
    case 'access-request':
    case 'end':
      return entry.event.timeMs
    case 'outcome':
      return entry.outcome.timeMs
  }
}

export function isWithin({ sinceMs, untilMs }: Span, timeMs: number): boolean {
  return (sinceMs === undefined || timeMs >= sinceMs) && (untilMs === undefined || timeMs < untilMs)
}
