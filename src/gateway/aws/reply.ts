import type { ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { NameValue } from '../../core/http.ts'
import type { UpstreamReply } from '../../upstream/port.ts'

/** A reply that the gate makes itself. */
export interface WholeReply {
  readonly status: number
  readonly headers: readonly NameValue[]
  readonly body: Buffer | string
}

/** The header that names the event of a call, so that a client's log leads to the recording. */
export const EVENT_HEADER = 'x-sallyport-event'

/** Sends a whole reply; a client that has gone is none of our trouble. */
export function sendWhole(response: ServerResponse, reply: WholeReply, eventId: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const body = Buffer.from(reply.body)
  const headers = reply.headers.filter(([name]) => name !== 'content-length')
  response.writeHead(reply.status, [
    ...flat(headers),
    EVENT_HEADER,
    eventId,
    // The body of a reply to HEAD is not sent, and its length must not be promised.
    ...(response.req.method === 'HEAD' ? [] : ['content-length', String(body.length)]),
  ])
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** How the passing of a reply ended. */
export interface Passed {
  readonly bytes: number
  /** `client-gone` or `upstream-broken`; absent when it went through to its end. */
  readonly error?: 'client-gone' | 'upstream-broken'
}

/**
 * Passes the upstream's reply on as it comes, in constant memory: the upstream is read no faster than the
 * client reads. Never rejects.
 */
export async function passReply(
  response: ServerResponse,
  reply: UpstreamReply,
  eventId: string,
): Promise<Passed> {
  if (response.destroyed) {
    reply.body.destroy()
    return { bytes: 0, error: 'client-gone' }
  }
  response.writeHead(reply.status, [...flat(reply.headers), EVENT_HEADER, eventId])
  const counter = new Counter()
  try {
    await pipeline(reply.body, counter, response)
    return { bytes: counter.bytes }
  } catch {
    // What went wrong is told by who is still there.
    const clientLeft = response.socket === null || response.socket.destroyed
    return {
      bytes: counter.bytes,
      error: reply.body.errored && !clientLeft ? 'upstream-broken' : 'client-gone',
    }
  }
}

/** Counts what passes. */
export class Counter extends Transform {
  bytes = 0

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length
    done(null, chunk)
  }
}

function flat(headers: readonly NameValue[]): string[] {
  const list: string[] = []
  for (const [name, value] of headers) list.push(name, value)
  return list
}
