import type { Clock } from '../../core/clock.ts'
import type { JournalSource } from '../../record/read.ts'
import type { Bucket, BucketPlace } from '../bucket.ts'
import type { PlanLimits } from './plan.ts'
import type { SourceFiles } from './source-file.ts'

/** What is uploaded where: the configuration's, in its form. */
export interface UploadSettings extends BucketPlace {
  readonly storageClass?: string
  /** Whether each segment is kept as Parquet, too. */
  readonly parquet: boolean
}

export interface UploadPorts {
  readonly source: JournalSource
  /** The archivist's (`data/archive`). */
  readonly folder: string
  readonly clock: Clock
  readonly bucket: Bucket
  /** Default: those of the disk. */
  readonly sources?: SourceFiles
  /**
   * Writes a segment's events as Parquet to `target`; in a process of its own, for what does it is native code. Needed
   * where `parquet` is set.
   */
  readonly writeParquet?: (
    place: { readonly lane: number; readonly segment: number },
    target: string,
    signal: AbortSignal,
  ) => Promise<void>
  /** For tests. */
  readonly limits?: Pick<PlanLimits, 'partBytes'>
}
