import { constants, gunzipSync } from 'node:zlib'
import { GateError } from '../../../core/errors.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import { headerValue } from './headers.ts'

/** The largest body after unpacking: four times what AWS takes in any compressed request. */
const MAX_INFLATED_BYTES = 8 * 1024 * 1024

/**
 * Refuses a message whose Content-Type is not that of its protocol. Parameters of the type other than
 * `charset=utf-8` are refused: another charset would be another reading.
 * @param accepted media types in lower case
 */
export function checkContentType(head: HttpHead, accepted: readonly string[]): void {
  const header = headerValue(head, 'content-type')
  const [type = '', ...parameters] = (header ?? '').split(';').map(part => part.trim().toLowerCase())
  const plain = parameters.every(parameter => parameter === '' || /^charset="?utf-8"?$/.test(parameter))
  if (header === undefined || !accepted.includes(type) || !plain) {
    const found = header === undefined ? 'no content type' : `the content type \`${header.slice(0, 100)}\``
    throw new GateError('content-type-mismatch', `the message has ${found} where \`${accepted[0]}\` belongs`)
  }
}

/**
 * The body, unpacked where the client compressed it (botocore does for CloudWatch's PutMetricData).
 * @throws GateError `body-encoding`, `body-inflated-limit`
 */
export function plainBody(head: HttpHead, body: Buffer | undefined): Buffer | undefined {
  const encoding = headerValue(head, 'content-encoding')?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity' || body === undefined) return body
  if (encoding !== 'gzip') {
    throw new GateError('body-encoding', `the body is encoded as \`${encoding.slice(0, 40)}\``)
  }
  try {
    const plain = gunzipSync(body, { maxOutputLength: MAX_INFLATED_BYTES, finishFlush: constants.Z_FINISH })
    return plain.length === 0 ? undefined : plain
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new GateError(
        'body-inflated-limit',
        `the body unpacks to more than ${MAX_INFLATED_BYTES} bytes`,
        { cause },
      )
    }
    throw new GateError('body-encoding', 'the body is not whole gzip data', { cause })
  }
}

/** Headers of a body of a type. */
export function contentType(type: string): readonly NameValue[] {
  return [['content-type', type]]
}
