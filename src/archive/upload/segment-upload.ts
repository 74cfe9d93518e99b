import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { blobLayout, readBlobName } from '../../record/blobs/name.ts'
import { laneName } from '../../record/segment.ts'
import type { UploadedSegment } from '../../record/uploaded.ts'
import { type Deposited, deposit } from './deposit.ts'
import { keys, parquetName, type SegmentPlace, tenDigits } from './keys.ts'
import { type Plan, planUpload } from './plan.ts'
import type { UploadPorts, UploadSettings } from './ports.ts'
import type { ProgressStore } from './progress.ts'
import { firstEventMs, openSealed, type SealedSegment } from './sealed.ts'
import { type SourceFile, type SourceFiles, sourceFiles } from './source-file.ts'

/** What the parts of one upload share. */
export interface UploadContext extends UploadPorts {
  readonly settings: UploadSettings
  readonly sources: SourceFiles
  readonly progress: ProgressStore
}

export function contextOf(
  settings: UploadSettings,
  ports: UploadPorts,
  progress: ProgressStore,
): UploadContext {
  return { ...ports, settings, progress, sources: ports.sources ?? sourceFiles }
}

/**
 * Uploads a segment with its bodies and, where it is wanted, its Parquet form. Gives what may be noted when all of it
 * was verified; undefined if the segment is gone.
 */
export async function uploadSegment(
  context: UploadContext,
  lane: number,
  segment: number,
  signal: AbortSignal,
): Promise<UploadedSegment | undefined> {
  const { source, sources, settings, clock } = context
  const opened = await openSealed(sources, source.folder, lane, segment)
  if (opened === undefined) return undefined
  try {
    const key = keys.segment(settings.prefix, opened.place)
    const how = { key, contentType: SEGMENT_TYPE, ifAbsent: true }
    const { plan, deposited } = await send(context, opened.file, how, signal)
    const bodies = await uploadBodies(context, opened.place, signal)
    if (settings.parquet) await uploadParquet(context, opened, signal)
    const { stored, verifiedBy } = deposited
    return {
      ...opened.place,
      bucket: settings.bucket,
      key,
      bytes: plan.bytes,
      sha256: plan.sha256,
      etag: stored.etag,
      ...(stored.versionId === undefined ? {} : { versionId: stored.versionId }),
      verifiedBy,
      bodies,
      timeMs: clock.now(),
    }
  } finally {
    await opened.file.close()
  }
}

const SEGMENT_TYPE = 'application/octet-stream'

interface Sending {
  readonly key: string
  readonly contentType: string
  readonly ifAbsent: boolean
  /** How much of the file; absent: all. */
  readonly bytes?: number
}

/** Plans and puts a file. */
export async function send(
  context: UploadContext,
  file: SourceFile,
  { key, contentType, ifAbsent, bytes }: Sending,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly deposited: Deposited }> {
  const { bucket, progress, settings, limits } = context
  const { storageClass } = settings
  const plan = await planUpload(file, signal, { ...limits, ...(bytes === undefined ? {} : { bytes }) })
  // What is replaced again and again stays in the class that has no least age.
  const keeping = {
    ifAbsent,
    contentType,
    ...(ifAbsent && storageClass !== undefined ? { storageClass } : {}),
  }
  return { plan, deposited: await deposit({ key, file, plan, keeping }, { bucket, progress, signal }) }
}

/** Names of the bodies that lie beside a segment; drafts and what else lies there are none. */
export async function bodyNames(
  { sources, source }: Pick<UploadContext, 'sources' | 'source'>,
  lane: number,
  segment: number,
): Promise<readonly string[]> {
  const names = await sources.list(blobLayout.segment(source.folder, lane, segment))
  return names.filter(name => readBlobName(`${laneName(lane)}/${tenDigits(segment)}/${name}`) !== undefined)
}

/** How many there are, all of them in the bucket. */
async function uploadBodies(
  context: UploadContext,
  place: SegmentPlace,
  signal: AbortSignal,
): Promise<number> {
  const { source, sources, settings } = context
  const names = await bodyNames(context, place.lane, place.segment)
  let count = 0
  for (const name of names) {
    signal.throwIfAborted()
    const path = join(blobLayout.segment(source.folder, place.lane, place.segment), name)
    const file = await sources.open(source.folder, path)
    if (file === undefined) continue
    try {
      const how = { key: keys.body(settings.prefix, place, name), contentType: SEGMENT_TYPE, ifAbsent: true }
      await send(context, file, how, signal)
      count++
    } finally {
      await file.close()
    }
  }
  return count
}

/**
 * The Parquet form is made from the segment whenever it is needed, and need not be the same to the byte each time: it
 * may be replaced.
 */
async function uploadParquet(
  context: UploadContext,
  opened: SealedSegment,
  signal: AbortSignal,
): Promise<void> {
  const { writeParquet, folder, source, sources, settings } = context
  if (writeParquet === undefined) throw new GateError('internal', 'there is nothing that writes Parquet')
  const timeMs = await firstEventMs(opened)
  if (timeMs === undefined) return
  const drafts = join(folder, 'parquet')
  const target = join(drafts, parquetName(opened.place))
  await source.files.makeFolder(drafts)
  await writeParquet(opened.place, target, signal)
  const file = await sources.open(folder, target)
  if (file === undefined) throw new GateError('internal', 'the Parquet form of a segment was not written')
  try {
    const key = keys.parquet(settings.prefix, opened.place, timeMs)
    await send(context, file, { key, contentType: 'application/vnd.apache.parquet', ifAbsent: false }, signal)
  } finally {
    await file.close()
    await source.files.remove(target)
  }
}
