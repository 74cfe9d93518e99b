import type { Catalog, ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import type { HttpTarget } from '../../../wire/http/messages.ts'
import { requirePlainPath } from '../../../wire/http/target.ts'
import { bucketKind } from './bucket.ts'
import { chooseEntries, type Distinguishing } from './choose.ts'
import { compileUri, type UriEntry, withoutLiterals } from './uri.ts'

/** What an S3 request addresses. */
export interface S3Address {
  /** Empty for the service itself. */
  readonly bucket: string
  /** Undefined for the bucket itself; raw otherwise: `..`, `//` and the like are part of a key. */
  readonly key: string | undefined
}

/** An S3 operation with what it addresses. */
export interface S3Match {
  readonly entry: UriEntry
  readonly labels: ReadonlyMap<string, string>
  readonly query: readonly NameValue[]
}

/** Longest key of an object in bytes (S3 User Guide, "Naming objects"). */
const MAX_KEY_BYTES = 1024

/**
 * Finds out what a request addresses: `host` is the bucket of a virtual-hosted request, or empty.
 * Invariant: the key is decoded exactly once.
 * @throws GateError `bucket-name-invalid`, `path-invalid`
 */
export function readS3Address(target: HttpTarget, host: string): S3Address {
  const segments = target.segments
  const bucket = host === '' ? (segments[0] ?? '') : host
  if (bucket === '') {
    if (segments.length > 1) throw new GateError('path-invalid', 'the path has an empty bucket name')
    return { bucket: '', key: undefined }
  }
  if (host === '' && !bucket.startsWith('arn:')) requirePlainBucket(target)
  bucketKind(bucket)
  const key = (host === '' ? segments.slice(1) : segments).join('/')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new GateError('path-invalid', `the object key is longer than ${MAX_KEY_BYTES} bytes`)
  }
  return { bucket, key: key === '' ? undefined : key }
}

/** A bucket's name needs no escapes, so one that has them is a trick. */
function requirePlainBucket(target: HttpTarget): void {
  const end = target.rawPath.indexOf('/', 1)
  if (target.rawPath.slice(0, end === -1 ? undefined : end).includes('%')) {
    throw new GateError('bucket-name-invalid', 'the bucket name in the path is percent-encoded')
  }
}

type Level = 'service' | 'bucket' | 'object'

/** S3's operations by method and by what they address. */
export class S3Table {
  readonly #service: ServiceHead
  readonly #entries = new Map<string, UriEntry[]>()
  readonly #subresources = new Set<string>()

  constructor(service: ServiceHead) {
    this.#service = service
    for (const operation of service.operations.values()) {
      const entry = compileUri(service, operation)
      const level = levelOf(entry)
      if (level === undefined) continue
      const key = `${operation.method} ${level}`
      const list = this.#entries.get(key)
      if (list === undefined) this.#entries.set(key, [entry])
      else list.push(entry)
      for (const literal of entry.literals) this.#subresources.add(literal.name)
    }
  }

  /** @throws GateError `operation-unknown`, `request-ambiguous`, `s3-form-upload`, `s3-unsupported` */
  match(
    catalog: Catalog,
    method: string,
    target: HttpTarget,
    host: string,
    express: boolean,
    headerNames: ReadonlySet<string>,
  ): S3Match {
    const address = readS3Address(target, host)
    const level = address.bucket === '' ? 'service' : address.key === undefined ? 'bucket' : 'object'
    if (level === 'service') requirePlainPath(target)
    const { operationName, query } = takeOperationName(target.query)
    const request: Distinguishing = { query, headerNames }
    const fitting = (this.#entries.get(`${method} ${level}`) ?? []).filter(entry => fitsScope(entry, express))
    const [entry, ...others] = chooseEntries(catalog, fitting, request)
    if (entry === undefined) throw this.#unknown(method, level)
    if (others.length > 0) throw ambiguous(entry, others)
    this.#requireOneSubresource(entry, query)
    if (operationName !== undefined && operationName !== entry.operation.name) {
      throw new GateError(
        'request-ambiguous',
        `\`x-id\` says \`${operationName.slice(0, 64)}\`, the request is \`${entry.operation.name}\``,
      )
    }
    return { entry, labels: labelsOf(address), query: withoutLiterals(entry, query) }
  }

  #unknown(method: string, level: Level): GateError {
    if (method === 'POST' && level !== 'service') {
      return new GateError(
        's3-form-upload',
        `a POST to ${article(level)} without a known subresource is a form upload`,
      )
    }
    return new GateError(
      'operation-unknown',
      `no operation of \`${this.#service.id}\` is \`${method}\` on ${article(level)} with this query`,
    )
  }

  /** Two subresources could be taken for two operations, and which one wins is S3's secret. */
  #requireOneSubresource(entry: UriEntry, query: readonly NameValue[]): void {
    for (const [name] of query) {
      if (!this.#subresources.has(name)) continue
      if (!entry.literals.some(literal => literal.name === name)) {
        throw new GateError('request-ambiguous', `the query names a second subresource, \`${name}\``)
      }
    }
  }
}

function article(level: Level): string {
  return level === 'object' ? 'an object' : level === 'bucket' ? 'a bucket' : 'the service'
}

function levelOf(entry: UriEntry): Level | undefined {
  const shape = entry.segments
    .map(segment => (segment.kind === 'literal' ? segment.text : segment.name))
    .join(' ')
  if (shape === '') return 'service'
  if (shape === 'Bucket') return 'bucket'
  return shape === 'Bucket Key' ? 'object' : undefined
}

/** `GET /` lists directory buckets when it is signed for S3 Express, else the others. */
function fitsScope(entry: UriEntry, express: boolean): boolean {
  if (entry.operation.name === 'ListBuckets') return !express
  if (entry.operation.name === 'ListDirectoryBuckets') return express
  return true
}

function labelsOf(address: S3Address): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  if (address.bucket !== '') labels.set('Bucket', address.bucket)
  if (address.key !== undefined) labels.set('Key', address.key)
  return labels
}

/** `x-id` is what newer SDKs add to say which operation they mean: no parameter, but it must be true. */
function takeOperationName(query: readonly NameValue[]): {
  readonly operationName: string | undefined
  readonly query: readonly NameValue[]
} {
  const found = query.find(([name]) => name === 'x-id')
  if (found === undefined) return { operationName: undefined, query }
  return { operationName: found[1], query: query.filter(pair => pair !== found) }
}

function ambiguous(entry: UriEntry, others: readonly UriEntry[]): GateError {
  const names = [entry, ...others].map(({ operation }) => `\`${operation.name}\``).join(' or ')
  return new GateError('request-ambiguous', `the request could be ${names}`)
}
