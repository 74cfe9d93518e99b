import { hash } from 'node:crypto'
import { GateError } from '../../../core/errors.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import { checksumOfHeader, newChecksum } from '../../../wire/checksum/checksum.ts'
import { headerValue } from './headers.ts'
import type { OperationContext } from './operation.ts'
import { inputOf, membersOf, operationShapes } from './shapes.ts'

/*
 * Checksums over whole bodies. The client's are checked over the client's bytes; since the body is written
 * anew, those that go on are made over the new one.
 */

const PREFIX = 'x-amz-checksum-'
/** Headers of the family that are no checksum themselves. */
const NO_CHECKSUM: ReadonlySet<string> = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
])

/** The header by which a client names the algorithm of a checksum over the body. */
const ALGORITHM = 'x-amz-sdk-checksum-algorithm'

function isChecksum(name: string): boolean {
  return name.startsWith(PREFIX) && !NO_CHECKSUM.has(name)
}

/**
 * Whether checksum headers are about the body. For some operations they are parameters about something
 * else: `CompleteMultipartUpload` states the checksum of the whole object.
 */
function coversBody(op: OperationContext): boolean {
  if (operationShapes(op.shapes, op.operation.name).httpChecksumRequired === true) return true
  const members = membersOf(op.shapes, inputOf(op.shapes, op.operation.name).shape)
  return members.some(
    ({ ref, wireName }) => ref.location === 'header' && wireName?.toLowerCase() === ALGORITHM,
  )
}

/**
 * Checks the checksums that the client states of the body, and gives the names of their headers.
 * @throws GateError `checksum-mismatch`, `checksum-unsupported`
 */
export function checkChecksums(
  op: OperationContext,
  head: HttpHead,
  body: Buffer | undefined,
): readonly string[] {
  const md5 = headerValue(head, 'content-md5')
  if (md5 !== undefined && body !== undefined && md5 !== contentMd5(body)) throw mismatch('content-md5')
  if (!coversBody(op)) return []
  const stated = head.headers.filter(([name]) => isChecksum(name))
  for (const [name, value] of stated) {
    if (body !== undefined && value !== checksumOf(name, body)) throw mismatch(name)
  }
  return stated.map(([name]) => name)
}

/** The headers with their checksums made anew; one is added where the operation demands one. */
export function writeChecksums(
  op: OperationContext,
  headers: readonly NameValue[],
  body: Buffer,
): NameValue[] {
  const covers = coversBody(op)
  const kept = headers.filter(([name]) => name !== 'content-md5' && !(covers && isChecksum(name)))
  const algorithm = headers.find(([name]) => name === ALGORITHM)?.[1].toLowerCase()
  if (algorithm !== undefined) {
    const name = `${PREFIX}${algorithm}`
    return [...kept, [name, checksumOf(name, body)]]
  }
  const demanded = operationShapes(op.shapes, op.operation.name).httpChecksumRequired === true
  const stated = headers.some(([name]) => name === 'content-md5')
  return demanded || stated ? [...kept, ['content-md5', contentMd5(body)]] : kept
}

function contentMd5(body: Buffer): string {
  return hash('md5', body, 'base64')
}

function checksumOf(name: string, body: Buffer): string {
  const checksum = newChecksum(checksumOfHeader(name))
  checksum.update(body)
  return checksum.digest()
}

function mismatch(name: string): GateError {
  return new GateError('checksum-mismatch', `the body does not have the checksum that \`${name}\` states`)
}
