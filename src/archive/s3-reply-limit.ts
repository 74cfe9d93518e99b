import { pipeline, Readable, Transform } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'

/** The longest page of a listing, 1,000 uploads with keys of 1,024 bytes that are escaped, takes less. */
const MOST_BYTES = 16 * 2 ** 20

/**
 * Bounds what the SDK holds whole: every reply but the content of an object, which is read as it comes. A store that
 * sends more, or without an end, has failed (`ReplyTooLong`).
 */
export function limitReplies(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async args => {
        const result = await next(args)
        const response = result.response as { statusCode?: number; body?: unknown }
        const isContent = commandName === 'GetObjectCommand' && (response.statusCode ?? 0) < 300
        if (!isContent && response.body instanceof Readable) response.body = bounded(response.body)
        return result
      },
    { step: 'deserialize', priority: 'low', name: 'limitReplies' },
  )
}

/** `pipeline` closes the connection when there is too much; whoever reads sees the error. */
function bounded(body: Readable): Readable {
  let bytes = 0
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes <= MOST_BYTES) done(null, chunk)
      else done(Object.assign(new Error('the reply has no end'), { code: 'ReplyTooLong' }))
    },
  })
  pipeline(body, bound, () => undefined)
  return bound
}
