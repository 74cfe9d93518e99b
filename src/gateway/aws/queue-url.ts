import type { Readable } from 'node:stream'
import { Readable as ReadableStream } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import type { UpstreamReply } from '../../upstream/port.ts'
import type { XmlElement } from '../../wire/xml/element.ts'
import { readXml } from '../../wire/xml/reader.ts'
import { writeXml } from '../../wire/xml/writer.ts'

/** The SQS operations whose replies tell URLs of queues. */
const TELLS_URLS: ReadonlySet<string> = new Set([
  'CreateQueue',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'ListQueues',
])
const MAX_REPLY_BYTES = 4 << 20

/**
 * Some SDKs (JavaScript v3) call a queue at its URL, whatever endpoint they were given, and would so go
 * past the gate with credentials that only the gate takes. The URLs that the gate passes on are its own.
 * `origin` is where the client called the gate: `http://127.0.0.1:4566`.
 */
export async function withOwnQueueUrls(
  call: AwsCall,
  reply: UpstreamReply,
  origin: string,
): Promise<UpstreamReply> {
  if (call.service !== 'sqs' || !TELLS_URLS.has(call.operation) || reply.status !== 200) return reply
  const bytes = await collect(reply.body)
  const text = call.protocol === 'query' ? rewriteXml(bytes, origin) : rewriteJson(bytes, origin)
  const body = Buffer.from(text)
  const headers = reply.headers.filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding')
  return {
    ...reply,
    headers: [...headers, ['content-length', String(body.length)]],
    body: ReadableStream.from([body]),
  }
}

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REPLY_BYTES) throw unclear()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function rewriteJson(bytes: Buffer, origin: string): string {
  let reply: unknown
  try {
    reply = JSON.parse(bytes.toString())
  } catch {
    // What the platform says of it quotes the reply, and the operator's log is no place for that.
    throw unclear()
  }
  return JSON.stringify(reply, (name, value: unknown) => {
    if (name === 'QueueUrl') return ownUrl(value, origin)
    if (/^queueUrls$/i.test(name) && Array.isArray(value)) return value.map(one => ownUrl(one, origin))
    return value
  })
}

function rewriteXml(bytes: Buffer, origin: string): string {
  const rewrite = (element: XmlElement): XmlElement =>
    element.name === 'QueueUrl'
      ? { ...element, text: ownUrl(element.text, origin) }
      : { ...element, children: element.children.map(rewrite) }
  return writeXml(rewrite(readXml(bytes)))
}

function ownUrl(value: unknown, origin: string): string {
  if (typeof value !== 'string' || !URL.canParse(value)) throw unclear()
  return `${origin}${new URL(value).pathname}`
}

function unclear(): GateError {
  return new GateError('upstream-reply-unclear', 'the reply of SQS could not be read')
}
