import { join, sep } from 'node:path'
import { Redacted } from '../core/redacted.ts'
import type { Findings } from './findings.ts'
import type {
  AnchorConfig,
  BucketConfig,
  EncryptionConfig,
  KmsKeyConfig,
  RecordConfig,
  StreamConfig,
  SyslogSink,
  UploadConfig,
  WebhookSink,
} from './model-record.ts'
import { checkWebhookUrl, readSecret } from './resolve-people.ts'
import type {
  BucketSettings,
  KmsSettings,
  RecordSettings,
  SyslogSettings,
  UploadSettings,
  WebhookSinkSettings,
} from './schema-record.ts'
import type { Path } from './source.ts'

/** What is recorded and where it is kept: files read, rules between keys checked. `data`: the folder, as written. */
export function resolveRecord(record: RecordSettings, data: string, findings: Findings): RecordConfig {
  const { checkpoints, encryption, s3, retention } = record
  checkNames(record.anchors, 'anchors', findings)
  if (encryption !== undefined && s3?.parquet === true) {
    findings.warn(
      ['record', 's3', 'parquet'],
      'Parquet is written opened: the bucket alone encrypts it, and shredding does not reach it',
    )
  }
  checkNames(record.streams, 'streams', findings)
  checkFiles(record, findings.absolute(data), findings)
  return {
    parametersBytes: record.parameters,
    durability: record.durability,
    segmentBytes: record.segment,
    segmentAgeMs: record.segmentAge,
    idleMs: record.idle,
    keep: record.keep.map(({ roles, actions, what, replies }) => ({
      roles,
      actions,
      level: what,
      replyBytes: replies,
    })),
    checkpoints: {
      everyMs: checkpoints.every,
      events: checkpoints.events,
      ...(checkpoints.kms === undefined ? {} : { kms: resolveKms(checkpoints.kms) }),
    },
    ...(encryption === undefined ? {} : { encryption: resolveEncryption(encryption, findings) }),
    ...(s3 === undefined ? {} : { upload: resolveUpload(s3) }),
    anchors: record.anchors.flatMap((anchor, i) => resolveAnchor(anchor, ['record', 'anchors', i], findings)),
    streams: record.streams.flatMap((stream, i) => resolveStream(stream, ['record', 'streams', i], findings)),
    retention: {
      ...(retention.age === undefined ? {} : { ageMs: retention.age }),
      ...(retention.size === undefined ? {} : { bytes: retention.size }),
    },
  }
}

function checkNames(list: readonly { readonly name: string }[], key: string, findings: Findings): void {
  const seen = new Set<string>()
  for (const [i, { name }] of list.entries()) {
    if (seen.has(name))
      findings.error(['record', key, i, 'name'], `\`${name}\` stands in \`record.${key}\` twice`)
    seen.add(name)
  }
}

/** What is added to the gate's own files damages them, and two that write one file cut each other's lines. */
function checkFiles({ anchors, streams }: RecordSettings, data: string, findings: Findings): void {
  const seen = new Set<string>()
  for (const [key, list] of Object.entries({ anchors, streams })) {
    for (const [i, { file }] of list.entries()) {
      if (file === undefined) continue
      const written = `\`record.${key}[${i}].file\``
      const place = findings.absolute(file)
      const path = ['record', key, i, 'file']
      if (place === data || place.startsWith(join(data, sep))) {
        findings.error(
          path,
          `${written} lies in the data folder, which is the gate's own; expected another place`,
        )
      } else if (seen.has(place)) {
        findings.error(
          path,
          `${written} is also the file of another anchor or stream; expected one of its own`,
        )
      }
      seen.add(place)
    }
  }
}

function resolveKms({ key, region, endpoint, profile }: KmsSettings): KmsKeyConfig {
  return {
    arn: key,
    region: region ?? key.split(':')[3] ?? '',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  }
}

function resolveEncryption(
  { file, kms }: NonNullable<RecordSettings['encryption']>,
  findings: Findings,
): EncryptionConfig {
  if ((file === undefined) === (kms === undefined)) {
    findings.error(
      ['record', 'encryption'],
      '`record.encryption` has neither or both of `file` and `kms`; expected one',
    )
  }
  if (kms !== undefined) return { kind: 'kms', key: resolveKms(kms) }
  return { kind: 'file', path: findings.absolute(file ?? '') }
}

function resolveBucket(at: BucketSettings): BucketConfig {
  return {
    bucket: at.bucket,
    prefix: at.prefix === '' || at.prefix.endsWith('/') ? at.prefix : `${at.prefix}/`,
    region: at.region,
    pathStyle: at.pathStyle,
    ...(at.endpoint === undefined ? {} : { endpoint: at.endpoint }),
    ...(at.profile === undefined ? {} : { profile: at.profile }),
    ...(at.kmsKey === undefined ? {} : { kmsKey: at.kmsKey }),
    ...(at.retain === undefined ? {} : { retain: { mode: at.retainMode, durationMs: at.retain } }),
  }
}

function resolveUpload(at: UploadSettings): UploadConfig {
  return {
    ...resolveBucket(at),
    parquet: at.parquet,
    ...(at.storageClass === undefined ? {} : { storageClass: at.storageClass }),
  }
}

function resolveAnchor(
  { name, file, s3, webhook }: RecordSettings['anchors'][number],
  path: Path,
  findings: Findings,
): readonly AnchorConfig[] {
  if (!isOne(path, { file, s3, webhook }, findings)) return []
  if (file !== undefined) return [{ kind: 'file', name, path: findings.absolute(file) }]
  if (s3 !== undefined) return [{ kind: 's3', name, at: resolveBucket(s3) }]
  return webhook === undefined ? [] : [resolveWebhook(name, webhook, [...path, 'webhook'], findings)]
}

function resolveStream(
  { name, format, file, webhook, syslog }: RecordSettings['streams'][number],
  path: Path,
  findings: Findings,
): readonly StreamConfig[] {
  if (!isOne(path, { file, webhook, syslog }, findings)) return []
  if (file !== undefined) return [{ kind: 'file', name, format, path: findings.absolute(file) }]
  if (webhook !== undefined) {
    return [{ ...resolveWebhook(name, webhook, [...path, 'webhook'], findings), format }]
  }
  return syslog === undefined
    ? []
    : [{ ...resolveSyslog(name, syslog, [...path, 'syslog'], findings), format }]
}

function resolveSyslog(
  name: string,
  { address, tls, ca, facility }: SyslogSettings,
  path: Path,
  findings: Findings,
): SyslogSink {
  const authorities =
    ca === undefined ? undefined : findings.read([...path, 'ca'], ca)?.bytes.toString('utf8')
  if (ca !== undefined && !tls) findings.error([...path, 'ca'], '`ca` needs `tls: true`')
  return {
    kind: 'syslog',
    name,
    host: address.host,
    port: address.port,
    facility,
    ...(tls ? { tls: authorities === undefined ? {} : { ca: authorities } } : {}),
  }
}

function resolveWebhook(
  name: string,
  { url, secrets }: WebhookSinkSettings,
  path: Path,
  findings: Findings,
): WebhookSink {
  checkWebhookUrl(url, [...path, 'url'], findings)
  const read = secrets.flatMap((file, i) => readSecret([...path, 'secrets', i], file, findings) ?? [])
  return { kind: 'webhook', name, url, secrets: read.length === 0 ? [new Redacted('')] : read }
}

/** Whether exactly one of the ways is there; a finding where not. */
function isOne(path: Path, ways: Readonly<Record<string, unknown>>, findings: Findings): boolean {
  const given = Object.values(ways).filter(way => way !== undefined).length
  if (given === 1) return true
  const names = Object.keys(ways).map(way => `\`${way}\``)
  findings.error(
    path,
    `this has ${given === 0 ? 'none' : 'more than one'} of ${names.join(', ')}; expected one`,
  )
  return false
}
