import type { Config } from '../config/model.ts'
import type { RecordConfig } from '../config/model-record.ts'
import { Redacted } from '../core/redacted.ts'
import type { JournalEvent } from '../record/event.ts'

/** What the archivist's thread is told at its start. Secrets stand in it as `{$secret}`: it never leaves the process. */
export interface ArchiveTask {
  /** Absolute path of the configuration, for commands that the thread starts. */
  readonly file: string
  /** Absolute path of the data folder. */
  readonly data: string
  readonly workers: number
  readonly record: unknown
}

/** What the thread says to the gate. */
export type FromArchive =
  | { readonly kind: 'trouble'; readonly job: string; readonly reason: string | undefined }
  | { readonly kind: 'note'; readonly message: string; readonly details: Readonly<Record<string, unknown>> }
  | { readonly kind: 'append'; readonly number: number; readonly event: JournalEvent }
  | { readonly kind: 'stopped' }

/** What the gate says to the thread. */
export type ToArchive =
  /** The event is durable, or why it is not. */
  { readonly kind: 'appended'; readonly number: number; readonly error?: string } | { readonly kind: 'stop' }

export function archiveTask({ file, data, workers, record }: Config): ArchiveTask {
  return { file, data, workers, record: pack(record) }
}

/** The configuration that a task carries. */
export function recordOf(task: ArchiveTask): RecordConfig {
  return unpack(task.record) as RecordConfig
}

/** Makes of secrets what can go to a thread: an instance of a class would arrive as an empty object. */
function pack(value: unknown): unknown {
  if (value instanceof Redacted) return { $secret: value.reveal() }
  if (Array.isArray(value)) return value.map(pack)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pack(each)]))
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack)
  if (typeof value !== 'object' || value === null) return value
  if ('$secret' in value) return new Redacted(String(value.$secret))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpack(each)]))
}
