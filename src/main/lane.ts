import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { LaneJournal } from '../record/event.ts'
import { openJournal } from '../record/journal.ts'
import { nodeFiles } from '../record/node-files.ts'
import type { SealPorts } from '../record/seal/sealer.ts'
import { openSeal } from './content-keys.ts'
import { openJournalSigner } from './journal-signer.ts'
import type { Log } from './log.ts'

export interface Lane {
  readonly journal: LaneJournal
  /** What it is sealed with; absent: what is recorded lies there as it is. */
  readonly seal?: SealPorts
}

/** A lane of the journal: each process writes its own, and signs it with the key that all of them share. */
export async function openLane(config: Config, lane: number, log: Log): Promise<Lane> {
  const { durability, segmentBytes, segmentAgeMs, encryption, checkpoints } = config.record
  const signer = await openJournalSigner(config)
  let seal: SealPorts | undefined
  const journal = await openJournal(
    {
      folder: join(config.data, 'journal'),
      lane,
      durability,
      segmentBytes,
      segmentAgeMs,
      sealOnClose: config.record.upload !== undefined,
    },
    {
      clock: systemClock,
      random: systemRandom,
      files: nodeFiles,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs)
        return () => clearTimeout(timer)
      },
      soon: run => void setImmediate(run),
      ...(encryption && {
        async seal() {
          seal = await openSeal(config, encryption, lane)
          return seal
        },
      }),
      checkpoints: {
        signer,
        everyMs: checkpoints.everyMs,
        events: checkpoints.events,
        report: trouble => {
          if (trouble === undefined) log.info('checkpoints of the journal are made again')
          else log.warn({ trouble }, 'checkpoints of the journal cannot be made; it goes on without them')
        },
      },
    },
  )
  return { journal, ...(seal && { seal }) }
}
