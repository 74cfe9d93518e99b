import { ManualClock } from '../../core/clock.ts'
import { type CheckpointedDisk, checkpointedDisk, fill } from '../../record/checkpoint/checkpoint.fixture.ts'
import type { JournalFiles } from '../../record/files.ts'
import { STARTED_MS } from '../../record/journal.fixture.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { type VerifyReport, verifyJournal } from '../../record/verify.ts'
import type { Job } from '../job.ts'
import { MemoryBucket } from '../memory-bucket.fixture.ts'
import type { UploadPorts, UploadSettings } from './ports.ts'
import type { SourceFiles } from './source-file.ts'
import { createUploads } from './uploads.ts'

export const SETTINGS: UploadSettings = {
  bucket: 'bucket',
  prefix: 'sallyport/',
  region: 'eu-west-1',
  pathStyle: false,
  parquet: false,
}

/** Small enough that a test segment takes several parts. */
const PART_BYTES = 300

export interface UploadWorld {
  readonly disk: CheckpointedDisk
  readonly files: MemoryFiles
  readonly bucket: MemoryBucket
  readonly clock: ManualClock
  /** The job of a process that has just started. */
  start(settings?: Partial<UploadSettings>, ports?: Partial<UploadPorts>): Job
  /** One round; gives the code of its error. */
  round(job: Job): Promise<string | undefined>
  /** What `sessions verify` says of what was fetched. */
  verifyFetched(): Promise<VerifyReport>
}

/** The files that are sent, in memory. */
export function memorySources(files: MemoryFiles): SourceFiles {
  return {
    open: async (_, path) => files.open(path),
    list: async path => [...(await files.list(path))].sort(),
  }
}

/** A journal of small segments, closed, and an empty bucket. */
export async function uploadWorld(lanes: readonly number[] = [0], events = 14): Promise<UploadWorld> {
  const files = new MemoryFiles()
  const disk = checkpointedDisk({ segmentBytes: 700 }, files)
  for (const lane of lanes) {
    const each = lane === 0 ? disk : checkpointedDisk({ segmentBytes: 700, lane }, files)
    const journal = await each.open()
    await fill(journal, events, `lane${lane}-`)
    await journal.close()
  }
  const bucket = new MemoryBucket()
  const clock = new ManualClock(STARTED_MS)
  return {
    disk,
    files,
    bucket,
    clock,
    start: (settings = {}, ports = {}) =>
      createUploads(
        { ...SETTINGS, ...settings },
        {
          source: disk.source,
          folder: 'archive',
          clock,
          bucket,
          sources: memorySources(files),
          limits: { partBytes: PART_BYTES },
          ...ports,
        },
      ),
    async round(job) {
      try {
        await job.round(new AbortController().signal)
        return undefined
      } catch (error) {
        if (error instanceof Error && 'code' in error) return String(error.code)
        throw error
      }
    },
    verifyFetched: () => verifyJournal({ files: fetched(bucket), folder: 'journal' }, disk.keys),
  }
}

/** What `aws s3 sync` makes of each journal in the bucket, one over the other. */
export function fetched(bucket: MemoryBucket): JournalFiles {
  const files = new MemoryFiles()
  for (const key of bucket.keys) {
    const match = /^sallyport\/[0-9a-f]{32}\/(.+)$/.exec(key)
    const body = bucket.bytes(key)
    if (match?.[1] !== undefined && body !== undefined) files.put(`journal/${match[1]}`, body)
  }
  return files
}
