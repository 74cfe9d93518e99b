import type { Pace } from './show.ts'

/** How fast a recording is replayed. */
export interface ReplaySpeed {
  /** 1: as it was; 2: twice as fast. */
  readonly speed: number
  /** Longest pause, before `speed`; a day at most. */
  readonly skipIdleMs: number
}

/** No pause is longer: a timer of Node could not even hold 25 days. */
export const LONGEST_PAUSE_MS: number = 24 * 60 * 60 * 1000

/** Waits between entries as long as there was between them when they were recorded. */
export function replayPace(
  { speed, skipIdleMs }: ReplaySpeed,
  sleep: (delayMs: number) => Promise<void>,
): Pace {
  let beforeMs: number | undefined
  return async timeMs => {
    const idleMs = Math.max(timeMs - (beforeMs ?? timeMs), 0)
    beforeMs = Math.max(timeMs, beforeMs ?? timeMs)
    const pauseMs = Math.min(Math.min(idleMs, skipIdleMs) / speed, LONGEST_PAUSE_MS)
    if (pauseMs > 0) await sleep(pauseMs)
    return 'go'
  }
}

/** Waits for a key before each entry but the first; `q`, Ctrl-C and the end of the input end it. */
export function stepPace(key: () => Promise<string | undefined>): Pace {
  let isFirst = true
  return async () => {
    const pressed = isFirst ? '' : await key()
    isFirst = false
    return pressed === undefined || pressed === 'q' ? 'stop' : 'go'
  }
}
