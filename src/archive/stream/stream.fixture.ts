import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Entry } from '../../record/calls.ts'
import { FACTS } from '../../record/export/facts.fixture.ts'
import { onDisk, STARTED_MS, type TestDisk } from '../../record/journal.fixture.ts'
import type { Gap } from './lane-reader.ts'
import type { Outbound } from './outbound.ts'
import type { Sink } from './sink.ts'
import { Stream } from './stream.ts'

/** What a receiver does with the next batch: takes it, or takes the first few of it and fails. */
export type Manner = 'takes' | { readonly failsAfter: number }

/** A receiver in memory. */
export class TestSink implements Sink {
  readonly limits: Sink['limits']
  readonly taken: Outbound[] = []
  readonly manners: Manner[] = []

  constructor(limits: Sink['limits'] = { events: 3, bytes: 4_000 }) {
    this.limits = limits
  }

  get entries(): Entry[] {
    return this.taken.map(({ text }) => JSON.parse(text) as Entry)
  }

  async deliver(batch: readonly Outbound[]): Promise<void> {
    const manner = this.manners.shift() ?? 'takes'
    this.taken.push(...(manner === 'takes' ? batch : batch.slice(0, manner.failsAfter)))
    if (manner !== 'takes') throw new GateError('stream-undeliverable', 'the receiver has fallen over')
  }

  async close(): Promise<void> {}
}

export interface TestStream {
  readonly disk: TestDisk
  readonly sink: TestSink
  readonly clock: ManualClock
  readonly gaps: Gap[]
  /** Another process begins where the one before ended. */
  restart(): Promise<void>
  /** Rounds until nothing is left, through all failures. */
  drain(): Promise<void>
  /** One round; whether it came to its end. */
  round(): Promise<boolean>
  /** Why the last round failed. */
  trouble: string
}

export function testStream(disk: TestDisk = onDisk(), sink: TestSink = new TestSink()): TestStream {
  const clock = new ManualClock(STARTED_MS)
  const gaps: Gap[] = []
  const begin = (): Stream =>
    new Stream(
      { name: 'siem', format: 'jsonl' },
      {
        source: disk.source,
        files: disk.files,
        stateFolder: 'streams',
        clock,
        facts: FACTS,
        sink,
        gap: gap => void gaps.push(gap),
      },
    )
  let stream = begin()
  const signal = new AbortController().signal
  const self: TestStream = {
    disk,
    sink,
    clock,
    gaps,
    trouble: '',
    async restart() {
      await stream.close()
      stream = begin()
    },
    async round() {
      const delayMs = await stream.round(signal).catch(error => {
        self.trouble = String(error)
        return -1
      })
      return delayMs > 0
    },
    async drain() {
      for (let tries = 0; !(await self.round()); tries++)
        if (tries > 200) throw new Error(`it never ends: ${self.trouble}`)
    },
  }
  return self
}
