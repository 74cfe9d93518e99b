import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GateLine, Job } from '../archive/job.ts'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { nodeFiles } from '../record/node-files.ts'
import type { JournalSource } from '../record/read.ts'
import type { RetentionOptions } from '../record/retention/retention.ts'
import { openContentKeys } from './content-keys.ts'

/** What of the configuration the archivist works by. */
export type Archived = Pick<Config, 'file' | 'data' | 'workers' | 'record'>

export interface ArchiveWorld {
  readonly gate: GateLine
  /** For the operator's log. */
  note(message: string, details: Readonly<Record<string, unknown>>): void
}

/** The jobs that a configuration asks for. What each needs is loaded only where it does. */
export async function archiveJobs(config: Archived, world: ArchiveWorld): Promise<readonly Job[]> {
  const keys = await openContentKeys(config)
  const source: JournalSource = {
    files: nodeFiles,
    folder: join(config.data, 'journal'),
    ...(keys === undefined ? {} : { keys }),
  }
  return [
    ...(await uploads(config, source)),
    ...(await anchors(config, source)),
    ...(await streams(config, source, world)),
    ...(await retention(config, source, world)),
  ]
}

function stateFolder({ data }: Archived): string {
  return join(data, 'archive')
}

async function uploads(config: Archived, source: JournalSource): Promise<readonly Job[]> {
  const { upload } = config.record
  if (upload === undefined) return []
  const { createUploads } = await import('../archive/upload/uploads.ts')
  const { openS3Bucket } = await import('../archive/s3-bucket.ts')
  const { parquetCommand } = await import('../archive/upload/parquet-command.ts')
  const bucket = openS3Bucket(upload, systemClock)
  const program = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', program] as const
  const ports = { source, folder: stateFolder(config), clock: systemClock, bucket }
  return [createUploads(upload, { ...ports, writeParquet: parquetCommand(command, config.file) })]
}

async function anchors(config: Archived, source: JournalSource): Promise<readonly Job[]> {
  if (config.record.anchors.length === 0) return []
  const { createAnchor } = await import('../archive/anchor/create.ts')
  const { openS3Bucket } = await import('../archive/s3-bucket.ts')
  const ports = { source, folder: stateFolder(config), clock: systemClock, openBucket: openS3Bucket }
  return config.record.anchors.map(anchor => createAnchor(anchor, ports))
}

async function streams(
  config: Archived,
  source: JournalSource,
  { note }: ArchiveWorld,
): Promise<readonly Job[]> {
  if (config.record.streams.length === 0) return []
  const { createStream } = await import('../archive/stream/create.ts')
  const { httpPost } = await import('../archive/anchor/post.ts')
  const { loadCatalog } = await import('../catalog/load.ts')
  const { apiFacts } = await import('./api-facts.ts')
  const catalog = loadCatalog()
  const streamWorld = {
    source,
    files: nodeFiles,
    stateFolder: join(stateFolder(config), 'streams'),
    clock: systemClock,
    facts: apiFacts(() => catalog),
    hostName: hostname(),
    post: httpPost(),
    gap: (stream: string, gap: object) =>
      note('events were removed before a stream had sent them', { stream, ...gap }),
  }
  return config.record.streams.map(stream => createStream(stream, streamWorld))
}

async function retention(
  config: Archived,
  source: JournalSource,
  { gate }: ArchiveWorld,
): Promise<readonly Job[]> {
  const { retention: rules, upload } = config.record
  if (rules.ageMs === undefined && rules.bytes === undefined) return []
  const { createRetention } = await import('../record/retention/retention.ts')
  const { publicKeysOf } = await import('../record/checkpoint/key-file.ts')
  const path = join(config.data, 'keys', 'journal.json')
  const { workers } = config
  const confirmUploaded = upload === undefined ? undefined : await confirmation(upload, source)
  const make = (keyFile: string): Job =>
    createRetention({
      ...source,
      rules,
      keys: publicKeysOf(path, keyFile),
      // Behind the lanes of several workers is that of the primary.
      writes: lane => (workers > 1 ? lane <= workers : lane === 0),
      ...(upload === undefined ? {} : { uploadedTo: `s3://${upload.bucket}/${upload.prefix}` }),
      ...(confirmUploaded === undefined ? {} : { confirmUploaded }),
      clock: systemClock,
      random: systemRandom,
      append: event => gate.append(event),
    })
  let known: { readonly keyFile: string; readonly job: Job } | undefined
  return [
    {
      name: 'retention',
      async round(signal) {
        // What vouches for a removal is signed by a key that may have been changed since.
        const keyFile = await readFile(path, 'utf8')
        if (known?.keyFile !== keyFile) known = { keyFile, job: make(keyFile) }
        return known.job.round(signal)
      },
    },
    ...(await keySweep(config, source)),
  ]
}

/** A copy of the segments in a bucket is opened with the keys that lie here. */
async function keySweep({ record }: Archived, source: JournalSource): Promise<readonly Job[]> {
  if (record.encryption === undefined || record.upload !== undefined) return []
  const { createKeySweep } = await import('../archive/key-sweep.ts')
  return [createKeySweep(source)]
}

/** Nothing local goes on the word of a file that lies beside it: the bucket is asked. */
async function confirmation(
  upload: NonNullable<Archived['record']['upload']>,
  source: JournalSource,
): Promise<NonNullable<RetentionOptions['confirmUploaded']>> {
  const { confirmUploaded } = await import('../archive/upload/stored.ts')
  const { openS3Bucket } = await import('../archive/s3-bucket.ts')
  const bucket = openS3Bucket(upload, systemClock)
  return (segment, signal) => confirmUploaded(upload, { source, bucket }, segment, signal)
}
