import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { ManualClock, type Random } from '../core/clock.ts'
import type { DecisionEvent, Journal, JournalEvent, OutcomeEvent } from './event.ts'
import { type JournalOptions, openJournal } from './journal.ts'
import { MemoryFiles } from './memory-files.ts'
import { type JournalSource, readJournal } from './read.ts'
import { layout } from './segment.ts'

/** 2026-01-02T03:04:05Z */
export const STARTED_MS: number = Date.UTC(2026, 0, 2, 3, 4, 5)

/** The decision on an allowed call; small, so that tests can go over every byte. */
export function allowed(id: string, timeMs: number = STARTED_MS): DecisionEvent {
  return { type: 'decision', id, timeMs, clientAddress: '::1', effect: 'allow', statements: [] }
}

export function ended(decisionId: string, timeMs: number = STARTED_MS): OutcomeEvent {
  const id = `${decisionId}-end`
  return { type: 'outcome', id, timeMs, decisionId, status: 200, bytesIn: 0, bytesOut: 0, durationMs: 1 }
}

export function ids(events: readonly JournalEvent[]): string[] {
  return events.map(event => event.id)
}

/** Bytes that look random and are the same in every run. */
export function steadyRandom(seed: string): Random {
  let count = 0
  return {
    bytes: length => createHash('shake256', { outputLength: length }).update(`${seed}${count++}`).digest(),
  }
}

export interface TestDisk {
  readonly files: MemoryFiles
  readonly source: JournalSource
  readonly timers: { readonly delayMs: number; readonly run: () => void }[]
  open(): Promise<Journal>
  events(): Promise<JournalEvent[]>
  segment(number: number): string
  /** Lets everything that can happen without time happen. */
  settle(): Promise<void>
}

/** A journal in memory, with a clock that stands still and timers that the test runs. */
export function onDisk(
  options: Partial<JournalOptions> = {},
  clock: ManualClock = new ManualClock(STARTED_MS),
  files: MemoryFiles = new MemoryFiles(),
): TestDisk {
  const folder = 'journal'
  const lane = options.lane ?? 0
  const timers: TestDisk['timers'] = []
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { delayMs, run }
    timers.push(timer)
    return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
  }
  const source = { files, folder }
  return {
    files,
    source,
    timers,
    open: () =>
      openJournal({ folder, lane, ...options }, { files, clock, random: steadyRandom('journal'), after }),
    async events() {
      const events: JournalEvent[] = []
      for await (const { event } of readJournal(source)) events.push(event)
      return events
    },
    segment: number => layout.segment(folder, lane, number),
    async settle() {
      for (let i = 0; i < 20; i++) await setImmediate()
    },
  }
}
