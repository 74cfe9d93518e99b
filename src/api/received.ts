import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { GateError } from '../core/errors.ts'

/** A request to the admin address, as far as it was read. Nothing in it has been verified. */
export interface Received {
  readonly method: string
  /** Exactly as sent, up to the `?`: nothing is decoded, so nothing can mean two things. */
  readonly path: string
  /** What is after the `?`, exactly as sent; empty where there is none. */
  readonly query: string
  /** Address of the peer; an IPv4 one in its own form also where it came over an IPv6 socket. */
  readonly address: string
  /** Aborts when the client has gone before it was answered. */
  readonly gone: AbortSignal
  /** Undefined where there is none. Throws `header-duplicate`. */
  header(name: string): string | undefined
  /** All headers that came once, names in lower case. */
  headers(): ReadonlyMap<string, string>
  /** Throws `api-body-too-large`, `client-gone`. */
  body(maxBytes: number): Promise<Buffer>
}

export function receive(request: IncomingMessage, response: ServerResponse): Received {
  const target = request.url ?? ''
  const mark = target.indexOf('?')
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  const { once, repeated } = sortHeaders(request.rawHeaders)
  return {
    method: request.method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    address: peerAddress(request.socket.remoteAddress ?? ''),
    gone: controller.signal,
    header: name => {
      if (repeated.has(name)) throw new GateError('header-duplicate', `the header \`${name}\` came twice`)
      return once.get(name)
    },
    headers: () => once,
    body: maxBytes => readBody(request, maxBytes),
  }
}

/** Of two headers with one name, two readers may take different ones: here neither is taken. */
function sortHeaders(raw: readonly string[]): {
  readonly once: ReadonlyMap<string, string>
  readonly repeated: ReadonlySet<string>
} {
  const once = new Map<string, string>()
  const repeated = new Set<string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (once.has(name)) repeated.add(name)
    once.set(name, raw[at + 1] ?? '')
  }
  for (const name of repeated) once.delete(name)
  return { once, repeated }
}

const MAPPED = '::ffff:'

function peerAddress(address: string): string {
  const inner = address.toLowerCase().startsWith(MAPPED) ? address.slice(MAPPED.length) : ''
  return isIP(inner) === 4 ? inner : address
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  // What was announced is refused before any of it is read.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request) {
      const part: Buffer = chunk
      bytes += part.length
      if (bytes > maxBytes) break
      chunks.push(part)
    }
  } catch (error) {
    throw new GateError('client-gone', 'the client went before its request had ended', { cause: error })
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes)
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): GateError {
  return new GateError('api-body-too-large', `the body has more than ${maxBytes} bytes`)
}
