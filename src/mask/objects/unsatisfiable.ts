import { Readable } from 'node:stream'
import type { HttpReplyHead, NameValue } from '../../core/http.ts'
import { headerOf } from './headers.ts'

/** Headers that name the call to S3. */
const OF_THE_CALL = ['date', 'server', 'x-amz-id-2', 'x-amz-request-id'] as const

/**
 * The reply of S3 to a range that an object has nothing of.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 * @param headers of the reply with the whole object
 * @param range as the client sent it
 * @param total bytes of the object
 */
export function unsatisfiable(
  headers: readonly NameValue[],
  range: string,
  total: number,
): HttpReplyHead & { readonly body: Readable } {
  const call = OF_THE_CALL.flatMap((name): NameValue[] => {
    const value = headerOf(headers, name)
    return value === undefined ? [] : [[name, value]]
  })
  const requestId = headerOf(headers, 'x-amz-request-id') ?? ''
  const hostId = headerOf(headers, 'x-amz-id-2') ?? ''
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidRange</Code>` +
      `<Message>The requested range is not satisfiable</Message>` +
      `<RangeRequested>${escaped(range)}</RangeRequested><ActualObjectSize>${total}</ActualObjectSize>` +
      `<RequestId>${escaped(requestId)}</RequestId><HostId>${escaped(hostId)}</HostId></Error>`,
  )
  return {
    status: 416,
    headers: [
      ...call,
      ['content-type', 'application/xml'],
      ['content-range', `bytes */${total}`],
      ['content-length', String(body.length)],
    ],
    body: Readable.from([body], { objectMode: false }),
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
