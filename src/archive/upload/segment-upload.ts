import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { UploadedSegment } from '../../record/uploaded.ts'
import { uploadBodies } from './bodies.ts'
import { send, type UploadContext } from './context.ts'
import { keys, parquetName } from './keys.ts'
import { firstEventMs, openSealed, type SealedSegment } from './sealed.ts'

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
    const how = { key, contentType: 'application/octet-stream', ifAbsent: true }
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

/** Where Parquet forms stand until they are sent. */
function parquetDrafts(folder: string): string {
  return join(folder, 'parquet')
}

/** Removes what a process that was killed has left there: of a sealed recording it is the clear text. */
export async function removeParquetDrafts({ folder, source: { files } }: UploadContext): Promise<void> {
  const drafts = parquetDrafts(folder)
  for (const name of await files.list(drafts)) {
    if (/\.parquet(\.draft)?$/.test(name)) await files.remove(join(drafts, name))
  }
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
  const drafts = parquetDrafts(folder)
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
