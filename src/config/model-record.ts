import type { Redacted } from '../core/redacted.ts'

/** A client of an AWS service that the gate itself uses, with its own credentials. */
export interface OwnAws {
  readonly region: string
  /** Another address, for VPC endpoints and stand-ins. */
  readonly endpoint?: string
  /** A profile in the AWS configuration files; absent: the default provider chain. */
  readonly profile?: string
}

/** A key in AWS KMS. */
export interface KmsKeyConfig extends OwnAws {
  readonly arn: string
}

/** What of a call is kept. Each includes the one before. */
export type KeepLevel = 'metadata' | 'parameters' | 'replies' | 'bodies'

/** The first rule whose role and action fit says what is kept of a call. */
export interface KeepRule {
  /** Patterns of ARNs or names, with `*` and `?`; empty: all. */
  readonly roles: readonly string[]
  /**
   * Patterns of actions, `s3:Get*`; empty: all. `replies` and `bodies` fit where one action of a call does, the others where
   * all of them do.
   */
  readonly actions: readonly string[]
  readonly level: KeepLevel
  /** For `replies` and `bodies`: bytes of a reply that are kept in the event itself. */
  readonly replyBytes: number
}

export interface CheckpointsConfig {
  /** The longest that an event waits for its checkpoint, and the most events in one. */
  readonly everyMs: number
  readonly events: number
  /** Absent: a key in the data folder. */
  readonly kms?: KmsKeyConfig
}

/** Where the key is that wraps all others. */
export type EncryptionConfig =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'kms'; readonly key: KmsKeyConfig }

/** A place in a bucket. */
export interface BucketConfig extends OwnAws {
  readonly bucket: string
  /** Without a slash at its beginning, with one at its end; or empty. */
  readonly prefix: string
  /** Path-style addresses, for stand-ins. */
  readonly pathStyle: boolean
  readonly kmsKey?: string
  /** Object Lock: how long nobody may delete an object; absent: as the bucket has it. */
  readonly retain?: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly durationMs: number }
}

export interface UploadConfig extends BucketConfig {
  readonly storageClass?: string
  /** Whether each segment is kept as Parquet, too. */
  readonly parquet: boolean
}

/** Where checkpoints are told, so that whoever can write the disk cannot take them back. */
export type AnchorConfig =
  | { readonly kind: 'file'; readonly name: string; readonly path: string }
  | { readonly kind: 's3'; readonly name: string; readonly at: BucketConfig }
  | WebhookSink

export interface WebhookSink {
  readonly kind: 'webhook'
  readonly name: string
  readonly url: string
  /** `whsec_…`; each signs. */
  readonly secrets: readonly Redacted[]
}

/** Who gets every event, as it comes. */
export type StreamConfig = { readonly format: 'ocsf' | 'cloudtrail' | 'jsonl' } & (
  | { readonly kind: 'file'; readonly name: string; readonly path: string }
  | WebhookSink
  | SyslogSink
)

export interface SyslogSink {
  readonly kind: 'syslog'
  readonly name: string
  readonly host: string
  readonly port: number
  /** TLS (RFC 5425) with the authorities of a PEM file, or those of the system. */
  readonly tls?: { readonly ca?: string }
  readonly facility: number
}

export interface RecordConfig {
  /** Bytes of an event's parameters beyond which they are cut, and marked so. */
  readonly parametersBytes: number
  /** `fsync`: on disk before anything leaves; `os`: handed to the operating system. */
  readonly durability: 'fsync' | 'os'
  /** Bytes after which a new segment of the journal begins, and the longest that one with events stays open. */
  readonly segmentBytes: number
  readonly segmentAgeMs: number
  /** Without a call for so long, a session is recorded as ended. */
  readonly idleMs: number
  readonly keep: readonly KeepRule[]
  readonly checkpoints: CheckpointsConfig
  /** Absent: what is recorded lies there as it is. */
  readonly encryption?: EncryptionConfig
  readonly upload?: UploadConfig
  readonly anchors: readonly AnchorConfig[]
  readonly streams: readonly StreamConfig[]
  readonly retention: {
    readonly ageMs?: number
    /** Bytes of all segments and bodies on the disk. */
    readonly bytes?: number
  }
}
