import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { Journal } from '../record/event.ts'
import { openJournal } from '../record/journal.ts'
import { nodeFiles } from '../record/node-files.ts'

/** A lane of the journal: each process writes its own. */
export function openLane(config: Config, lane: number): Promise<Journal> {
  const { durability, segmentBytes } = config.record
  return openJournal(
    { folder: join(config.data, 'journal'), lane, durability, segmentBytes },
    {
      clock: systemClock,
      random: systemRandom,
      files: nodeFiles,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs)
        return () => clearTimeout(timer)
      },
    },
  )
}
