import { hash } from 'node:crypto'
import { GateError } from '../../../core/errors.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import { checksumOfHeader, newChecksum } from '../../../wire/checksum/checksum.ts'
import { headerValue } from './headers.ts'
import type { OperationContext } from './protocol.ts'
import { operationShapes } from './shapes.ts'

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

function isChecksum(name: string): boolean {
  return name.startsWith(PREFIX) && !NO_CHECKSUM.has(name)
}

/** @throws GateError `checksum-mismatch`, `checksum-unsupported` */
export function checkChecksums(head: HttpHead, body: Buffer): void {
  const md5 = headerValue(head, 'content-md5')
  if (md5 !== undefined && md5 !== contentMd5(body)) throw mismatch('content-md5')
  for (const [name, value] of head.headers) {
    if (isChecksum(name) && value !== checksumOf(name, body)) throw mismatch(name)
  }
}

/** The headers with their checksums made anew; one is added where the operation demands one. */
export function writeChecksums(
  op: OperationContext,
  headers: readonly NameValue[],
  body: Buffer,
): NameValue[] {
  let summed = false
  const written = headers.map(([name, value]): NameValue => {
    if (name !== 'content-md5' && !isChecksum(name)) return [name, value]
    summed = true
    return [name, name === 'content-md5' ? contentMd5(body) : checksumOf(name, body)]
  })
  const demanded = operationShapes(op.shapes, op.operation.name).httpChecksumRequired === true
  if (demanded && !summed) written.push(['content-md5', contentMd5(body)])
  return written
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
