import type { ServerResponse } from 'node:http'
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
  /** Absent when it went through to its end. */
  readonly error?: 'client-gone' | 'upstream-broken' | 'body-unrecorded'
}

/**
 * Passes the upstream's reply on as it comes, in constant memory: the upstream is read no faster than the
 * client reads. Never rejects.
 */
export function passReply(response: ServerResponse, reply: UpstreamReply, eventId: string): Promise<Passed> {
  const { body } = reply
  if (response.destroyed) {
    body.destroy()
    return Promise.resolve({ bytes: 0, error: 'client-gone' })
  }
  response.writeHead(reply.status, [...flat(reply.headers), EVENT_HEADER, eventId])
  return new Promise(resolve => {
    let bytes = 0
    let ended = false
    const finish = (error?: 'client-gone' | 'upstream-broken'): void => {
      if (ended) return
      ended = true
      if (error !== undefined) {
        body.destroy()
        response.destroy()
      }
      resolve(error === undefined ? { bytes } : { bytes, error })
    }
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (response.write(chunk)) return
      body.pause()
      response.once('drain', () => body.resume())
    })
    body.once('end', () => response.end(() => finish()))
    body.once('error', () => finish('upstream-broken'))
    response.once('close', () => finish(response.writableFinished ? undefined : 'client-gone'))
  })
}

function flat(headers: readonly NameValue[]): string[] {
  const list: string[] = []
  for (const [name, value] of headers) list.push(name, value)
  return list
}
