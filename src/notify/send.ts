import { Agent, type Dispatcher } from 'undici'
import { DeliveryFailure } from './port.ts'

const CONNECT_MS = 5_000
/** From the request until the head of the reply, and between two pieces of its body. */
const REPLY_MS = 10_000
/** Of a reply's body, what is read at most. */
const REPLY_BYTES = 256 * 1024

/** What the other side said. */
export interface Reply {
  readonly status: number
  /** Names in lower case; where a header came twice, the first. */
  readonly headers: Readonly<Record<string, string>>
  /** Never logged and never told: it is the other side's text. Empty where it was not asked for. */
  readonly text: string
}

export interface Message {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the body of the reply is wanted. */
  readonly wantsText: boolean
}

/** Posts messages outside: with time-outs, a limit on replies, and no redirect followed. */
export class Sender {
  readonly #agent: Agent = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: REPLY_MS,
    bodyTimeout: REPLY_MS,
    connections: 8,
  })

  /** Rejects with a `DeliveryFailure` where there was no whole reply. */
  async post({ url, headers, body, wantsText }: Message, signal: AbortSignal): Promise<Reply> {
    try {
      const reply = await this.#agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers,
        body,
        signal,
      })
      const text = wantsText ? await read(reply.body) : await discard(reply.body)
      return { status: reply.statusCode, headers: firstOf(reply.headers), text }
    } catch (error) {
      if (error instanceof DeliveryFailure) throw error
      throw new DeliveryFailure(`there was no reply: \`${codeOf(error)}\``)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

type ReplyBody = Dispatcher.ResponseData['body']

async function read(body: ReplyBody): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length
    if (bytes > REPLY_BYTES) throw new DeliveryFailure(`the reply is longer than ${REPLY_BYTES} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The status has said it all; a short body is read so that the connection can serve the next message. */
async function discard(body: ReplyBody): Promise<''> {
  await body.dump({ limit: REPLY_BYTES })
  return ''
}

function firstOf(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const first: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value) ? value[0] : value
    if (text !== undefined) first[name] = text
  }
  return first
}

/** `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`: never the message, which may quote what was received. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name
}
