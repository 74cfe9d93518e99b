import { GateError } from '../../../core/errors.ts'
import { parseArn } from '../arn.ts'

/** The object that a copy reads. */
export interface CopySource {
  /** A bucket's name or an access point's ARN. */
  readonly bucket: string
  readonly key: string
  readonly versionId?: string
}

const VERSION = '?versionId='

/**
 * Reads `x-amz-copy-source`: `bucket/key`, with or without a slash before it, or an object's ARN at an
 * access point, percent-encoded once; `?versionId=` behind it (S3 API Reference, "CopyObject"). What S3 could
 * read in two ways is refused: a `+`, which may be a space, and a `?` within the key.
 * @throws GateError `copy-source-invalid`
 */
export function readCopySource(text: string): CopySource {
  const mark = text.indexOf('?')
  const encoded = mark === -1 ? text : text.slice(0, mark)
  const versionId = mark === -1 ? undefined : readVersion(text.slice(mark))
  const decoded = decode(encoded)
  if (decoded.includes('?versionId')) throw invalid('its version is encoded')
  const place = decoded.startsWith('arn:') ? readArn(decoded) : readPath(decoded)
  return { ...place, ...(versionId === undefined ? {} : { versionId }) }
}

function readVersion(query: string): string {
  const version = query.startsWith(VERSION) ? query.slice(VERSION.length) : ''
  if (!/^[A-Za-z0-9._-]{1,1024}$/.test(version)) throw invalid('what follows its `?` is not `versionId=ID`')
  return version
}

function decode(text: string): string {
  if (text.includes('+')) throw invalid('it has a `+`, which has to be written `%2B` or `%20`')
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new GateError('copy-source-invalid', 'the copy source is not percent-encoded UTF-8', { cause })
  }
}

function readPath(text: string): CopySource {
  const path = text.startsWith('/') ? text.slice(1) : text
  const slash = path.indexOf('/')
  if (slash <= 0 || slash === path.length - 1) throw invalid('it is not `bucket/key`')
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) }
}

const OBJECT = '/object/'

function readArn(text: string): CopySource {
  const arn = parseArn(text)
  const at = text.indexOf(OBJECT)
  if (arn?.service !== 's3' || at === -1 || at + OBJECT.length === text.length) {
    throw invalid('its ARN is not that of an object at an access point')
  }
  return { bucket: text.slice(0, at), key: text.slice(at + OBJECT.length) }
}

function invalid(why: string): GateError {
  return new GateError('copy-source-invalid', `the copy source cannot be taken: ${why}`)
}
