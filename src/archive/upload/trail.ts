/**
 * What has to lie beside the segments so that they can be verified where they were fetched: the lane's checkpoints as
 * far as the segments reach, and a head file that says where they end. Both are replaced as segments come; in a bucket
 * with versions, the older ones stay.
 */
import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { ChainTail } from '../../record/chain.ts'
import { checkpointHash, type SignedCheckpoint } from '../../record/checkpoint/checkpoint.ts'
import { SUCCESSIONS_FILE } from '../../record/checkpoint/keys-succession.ts'
import { checkpointPath, checkpointsFolder } from '../../record/checkpoint/lane-file.ts'
import { readFully, replaceFile } from '../../record/files.ts'
import type { Head } from '../../record/head.ts'
import type { JournalSource } from '../../record/read.ts'
import { laneName } from '../../record/segment.ts'
import { durableCheckpoints } from '../checkpoint-lines.ts'
import { send, type UploadContext } from './context.ts'
import { keys, type SegmentPlace } from './keys.ts'
import { inMemory } from './memory-source.ts'
import { planUpload } from './plan.ts'
import { endOf } from './sealed.ts'
import type { SourceFile } from './source-file.ts'

/** What was last put beside a lane's segments: `trail/NN.json`. */
interface Trail extends SegmentPlace {
  readonly bucket: string
  readonly prefix: string
  readonly isFinal: boolean
  /** How many bytes of the checkpoint file the bucket has, and their SHA-256, hex. */
  readonly bytes: number
  readonly sha256: string
}

/** Brings checkpoints and head up to the segment `last`, before which all are uploaded. */
export async function uploadTrail(
  context: UploadContext,
  last: SegmentPlace,
  signal: AbortSignal,
): Promise<void> {
  const { source, sources, settings } = context
  const before = await readTrail(context, last)
  // What was noted of segments got lost: they are compared with the bucket anew, which knows more already.
  if (before !== undefined && before.segment > last.segment) return
  const isCurrent = before?.segment === last.segment
  if (isCurrent && before.isFinal) return
  const tail = await endOf(sources, source.folder, last)
  if (tail === undefined) return
  const reach = await checkpointsUpTo(source, last, tail)
  if (isCurrent && before.bytes === reach.bytes && !reach.isFinal) return
  let sha256 = before?.sha256 ?? ''
  if (reach.bytes > 0 || (before?.bytes ?? 0) > 0) {
    const path = checkpointPath(source.folder, last.lane)
    const file = await sources.open(source.folder, path)
    if (file === undefined) throw rewritten(last)
    try {
      await checkContinued(file, before, reach.bytes, last, signal)
      const how = {
        key: keys.checkpoints(settings.prefix, last),
        contentType: 'application/jsonl',
        ifAbsent: false,
      }
      sha256 = (await send(context, file, { ...how, bytes: reach.bytes }, signal)).plan.sha256
    } finally {
      await file.close()
    }
  }
  await uploadSuccessions(context, last, signal)
  const head = headOf(last, tail, reach.last)
  const how = { key: keys.head(settings.prefix, last), contentType: 'application/json', ifAbsent: false }
  await send(context, inMemory(Buffer.from(`${JSON.stringify(head)}\n`)), how, signal)
  const { bucket, prefix } = settings
  const { bytes, isFinal } = reach
  await writeTrail(context, { ...last, bucket, prefix, isFinal, bytes, sha256 })
}

/** Which key took the place of which: whoever has the first public key can check what later ones have signed. */
async function uploadSuccessions(
  context: UploadContext,
  place: SegmentPlace,
  signal: AbortSignal,
): Promise<void> {
  const { source, sources, settings } = context
  const path = join(checkpointsFolder(source.folder), SUCCESSIONS_FILE)
  const file = await sources.open(source.folder, path)
  if (file === undefined) return
  try {
    const key = keys.successions(settings.prefix, place)
    await send(context, file, { key, contentType: 'application/jsonl', ifAbsent: false }, signal)
  } finally {
    await file.close()
  }
}

/** How far a lane's checkpoints reach without covering anything behind `tail`. */
interface Reach {
  /** Bytes of the checkpoint file. */
  readonly bytes: number
  readonly last: SignedCheckpoint | undefined
  /** The next one covers events behind `tail`: no checkpoint that is made later can belong here. */
  readonly isFinal: boolean
}

async function checkpointsUpTo(
  source: JournalSource,
  { journal, lane }: SegmentPlace,
  tail: ChainTail,
): Promise<Reach> {
  let bytes = 0
  let last: SignedCheckpoint | undefined
  for await (const { checkpoint, end } of durableCheckpoints(source, lane)) {
    if (checkpoint.journal !== journal) break
    if (checkpoint.last > tail.number) return { bytes, last, isFinal: true }
    bytes = end
    last = checkpoint
  }
  return { bytes, last, isFinal: last?.last === tail.number }
}

/** What the bucket has of the checkpoints is never replaced by less, or by others. */
async function checkContinued(
  file: SourceFile,
  before: Trail | undefined,
  bytes: number,
  place: SegmentPlace,
  signal: AbortSignal,
): Promise<void> {
  if (before === undefined || before.bytes === 0) return
  const isShorter = bytes < before.bytes
  if (isShorter || (await planUpload(file, signal, { bytes: before.bytes })).sha256 !== before.sha256) {
    throw rewritten(place)
  }
}

function rewritten({ lane }: SegmentPlace): GateError {
  return new GateError(
    'archive-contradicted',
    `the checkpoints of lane ${laneName(lane)} are not those that were uploaded: the bucket keeps the ones it has`,
  )
}

/** Recovery would look for calls without an outcome from `openSince` on: it knows by itself how far back is enough. */
function headOf({ journal, lane }: SegmentPlace, tail: ChainTail, last: SignedCheckpoint | undefined): Head {
  return {
    lane,
    journalId: journal,
    number: tail.number,
    link: tail.link.toString('hex'),
    openSince: 1,
    clean: false,
    ...(last === undefined ? {} : { checkpoint: { number: last.number, hash: checkpointHash(last) } }),
  }
}

const MAX_TRAIL_BYTES = 4096

function trailPath(folder: string, lane: number): string {
  return join(folder, 'trail', `${laneName(lane)}.json`)
}

/** Undefined where nothing is known: then both are compared with what the bucket has, and put where they differ. */
async function readTrail(
  { source, folder, settings }: UploadContext,
  place: SegmentPlace,
): Promise<Trail | undefined> {
  const file = await source.files.open(trailPath(folder, place.lane), 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(MAX_TRAIL_BYTES)
    const value: unknown = JSON.parse(bytes.toString('utf8', 0, await readFully(file, bytes, 0)))
    if (!isTrail(value)) return undefined
    const { bucket, prefix } = settings
    const isOurs = value.journal === place.journal && value.bucket === bucket && value.prefix === prefix
    return isOurs ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  } finally {
    await file.close()
  }
}

function isTrail(value: unknown): value is Trail {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<Record<keyof Trail, unknown>>
  return (
    [it.lane, it.segment, it.bytes].every(Number.isSafeInteger) &&
    [it.journal, it.bucket, it.prefix, it.sha256].every(text => typeof text === 'string') &&
    typeof it.isFinal === 'boolean'
  )
}

async function writeTrail({ source: { files }, folder }: UploadContext, trail: Trail): Promise<void> {
  await files.makeFolder(join(folder, 'trail'))
  const bytes = Buffer.from(`${JSON.stringify(trail)}\n`)
  const file = await replaceFile(files, join(folder, 'trail'), trailPath(folder, trail.lane), bytes)
  await file.close()
}
