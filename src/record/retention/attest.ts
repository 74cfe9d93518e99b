import { isDeepStrictEqual } from 'node:util'
import { GateError } from '../../core/errors.ts'
import type { ChainTail } from '../chain.ts'
import type { SignedCheckpoint } from '../checkpoint/checkpoint.ts'
import { readCheckpoints } from '../checkpoint/lane-file.ts'
import { readRange } from '../checkpoint/range.ts'
import { isSignedBy, type PublicKeys } from '../checkpoint/signer.ts'
import { parsePayload } from '../frame.ts'
import { readHead } from '../head.ts'
import { laneName } from '../segment.ts'
import type { JournalPlace, PlacedRemoval } from './hints.ts'

/**
 * The checkpoint that covers an event: `none` where the lane has no checkpoints at all, `waiting` where the event has
 * none yet. Its signature is checked where there are keys. Throws `removal-blocked` where it does not hold.
 */
export async function coverOf(
  { files, folder }: JournalPlace,
  lane: number,
  event: number,
  keys: PublicKeys | undefined,
): Promise<SignedCheckpoint | 'none' | 'waiting'> {
  let any = false
  for await (const { reading, ended } of readCheckpoints(files, folder, lane)) {
    any = true
    if (typeof reading === 'string') {
      if (ended) throw blocked(lane, `a checkpoint cannot be read: ${reading}`)
      continue
    }
    if (reading.last < event) continue
    const key = keys?.get(reading.key)
    if (keys !== undefined && (key === undefined || !isSignedBy(reading, key))) {
      throw blocked(lane, `the signature of checkpoint ${reading.number} does not hold`)
    }
    return reading
  }
  if (any) return 'waiting'
  const head = await readHead(files, folder, lane)
  return head?.checkpoint === undefined ? 'none' : 'waiting'
}

/**
 * Whether the events from `first` to `last` are those that a checkpoint was signed over: the chain is read on from them
 * to the checkpoint's own last event, whose link stands for all before it. `nextGap`: where events behind them are
 * missing, the proven link at which they begin to be. False where no checkpoint covers them yet.
 */
export async function isCovered(
  place: JournalPlace,
  { lane, first, last }: { readonly lane: number; readonly first: number; readonly last: number },
  nextGap: ChainTail | undefined,
  keys: PublicKeys | undefined,
): Promise<boolean> {
  const cover = await coverOf(place, lane, last, keys)
  if (cover === 'waiting') return false
  if (cover === 'none') return true
  const end = nextGap === undefined ? cover.last : Math.min(cover.last, nextGap.number)
  let link: string | undefined
  for await (const { tail } of readRange(place, lane, first, end)) link = tail.link.toString('hex')
  const expected = end === cover.last ? cover.link : nextGap?.link.toString('hex')
  if (link !== expected) throw blocked(lane, `checkpoint ${cover.number} was signed over other events`)
  return true
}

/**
 * Whether a hint is true: the event stands in the chain where it says, word for word, and a checkpoint covers it; false
 * where that has yet to come. Throws `removal-blocked` where another event stands there.
 */
export async function isProven(
  place: JournalPlace,
  hint: PlacedRemoval,
  keys: PublicKeys | undefined,
): Promise<boolean> {
  const { at, ...event } = hint
  for await (const { payload } of readRange(place, at.lane, at.event, at.event)) {
    if (!isDeepStrictEqual(parsePayload(payload.toString()).event, event)) {
      throw blocked(
        hint.lane,
        `event ${at.event} of lane ${laneName(at.lane)} is not the removal that it should be`,
      )
    }
  }
  return isCovered(place, { lane: at.lane, first: at.event, last: at.event }, undefined, keys)
}

export function blocked(lane: number, why: string): GateError {
  return new GateError('removal-blocked', `nothing of lane ${laneName(lane)} is removed: ${why}`)
}
