import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { blobLayout } from '../../record/blobs/name.ts'
import { layout } from '../../record/segment.ts'
import type { UploadedSegment } from '../../record/uploaded.ts'
import { bodyNames } from './bodies.ts'
import { keys } from './keys.ts'
import { planUpload } from './plan.ts'
import type { UploadPorts, UploadSettings } from './ports.ts'
import { sourceFiles } from './source-file.ts'

/**
 * Asks the bucket itself whether it has a segment, with its bodies, as they are here: `uploaded/` lies on the disk, where
 * a line can be written by whoever wants something removed, and a rule of the bucket may have removed objects since.
 * Rejects with `archive-contradicted` where it has not, and with `bucket-unavailable`.
 */
export async function confirmUploaded(
  settings: UploadSettings,
  { source, sources = sourceFiles, bucket, limits }: Omit<UploadPorts, 'folder' | 'clock' | 'writeParquet'>,
  entry: UploadedSegment,
  signal: AbortSignal,
): Promise<void> {
  const { lane, segment } = entry
  const confirm = async (path: string, key: string): Promise<void> => {
    const file = await sources.open(source.folder, path)
    if (file === undefined) return
    try {
      const stored = await bucket.head(key, signal)
      const { bytes, checksum } = await planUpload(file, signal, limits)
      // A store without checksums, or with those of parts of another size, was read back when the object was put there.
      const isAlike = stored?.checksum === checksum || entry.verifiedBy === 'reading'
      if (stored?.bytes === bytes && isAlike) return
    } finally {
      await file.close()
    }
    const where = `\`${key}\` in the bucket \`${bucket.name}\``
    throw new GateError('archive-contradicted', `${where} is not what was uploaded: it is not removed here`)
  }
  await confirm(layout.segment(source.folder, lane, segment), keys.segment(settings.prefix, entry))
  const bodies = blobLayout.segment(source.folder, lane, segment)
  for (const name of await bodyNames({ source, sources }, lane, segment)) {
    await confirm(join(bodies, name), keys.body(settings.prefix, entry, name))
  }
}
