import type { ChainTail } from '../chain.ts'
import type { Head } from '../head.ts'
import { corrupt, type Place } from '../place.ts'
import type { JournalSource } from '../read.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { Checkpointer } from './checkpointer.ts'
import { recoverCheckpoints } from './lane-file.ts'
import { CHECKPOINT_DEFAULTS, type CheckpointPorts, type CheckpointRuntime } from './ports.ts'
import { otherEvents } from './range.ts'
import { isSignedBy } from './signer.ts'

/** A lane as recovery has found it. */
export interface FoundLane {
  readonly lane: number
  readonly journalId: Buffer
  readonly segment: number
  readonly offset: number
  readonly tail: ChainTail
  /** As it stood on disk when the lane was opened. */
  readonly head: Head | undefined
}

/**
 * Opens a lane's checkpoints and begins to make those that are missing, from the segments, in the background.
 * Throws `journal-corrupt` where checkpoints say that the chain was longer, or another.
 */
export async function openCheckpoints(
  source: JournalSource,
  found: FoundLane,
  ports: CheckpointPorts,
  runtime: Omit<CheckpointRuntime, 'signer' | 'report'>,
): Promise<Checkpointer> {
  const { lane, tail } = found
  const journal = found.journalId.toString('hex')
  const { file, last } = await recoverCheckpoints(source.files, source.folder, lane)
  const place = { lane, segment: found.segment, offset: found.offset, event: tail.number + 1 }
  checkLast(last, { ...found, journal, place }, ports)
  const settings = {
    events: ports.events ?? CHECKPOINT_DEFAULTS.events,
    everyMs: ports.everyMs ?? CHECKPOINT_DEFAULTS.everyMs,
  }
  const start = { source, lane, journal, file, last, tail }
  const { signer, report = () => undefined } = ports
  return new Checkpointer(start, settings, { ...runtime, signer, report })
}

function checkLast(
  last: SignedCheckpoint | undefined,
  found: FoundLane & { readonly journal: string; readonly place: Place },
  { signer }: CheckpointPorts,
): void {
  const { lane, journal, tail, place } = found
  const known = found.head?.checkpoint?.number ?? 0
  if (known > (last?.number ?? 0)) {
    throw corrupt(place, `checkpoint ${known} is missing, which the head file knows`)
  }
  if (last === undefined) return
  if (last.journal !== journal || last.lane !== lane)
    throw corrupt(place, 'the checkpoints are of another journal')
  if (last.key === signer.keyId && !isSignedBy(last, signer.publicKey)) {
    throw corrupt(place, `the signature of checkpoint ${last.number} does not hold`)
  }
  if (last.last > tail.number) {
    throw corrupt(place, `the chain ends here, but checkpoint ${last.number} knows event ${last.last}`)
  }
  if (last.last === tail.number && last.link !== tail.link.toString('hex')) throw otherEvents(last)
}
