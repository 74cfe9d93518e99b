import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { HttpHead, NameValue } from '../core/http.ts'
import { type ConnectionFacts, connectionFacts } from './facts.ts'
import { HANDSHAKE_TIMEOUT_MS, type ListenerLimits } from './limits.ts'

/** One request on its way in; the body has not been read. */
export interface Incoming {
  readonly head: HttpHead
  readonly facts: ConnectionFacts
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
}

export type Handler = (incoming: Incoming) => void

export interface TlsFiles {
  readonly certificate: Buffer | string
  readonly key: Buffer | string
}

/** Node's parser frames whatever calls itself HTTP/0.9 or HTTP/2.0 as if it were HTTP/1.1. */
const VERSIONS: ReadonlySet<string> = new Set(['1.0', '1.1'])

/**
 * The HTTP server of the gate, not listening yet. Node's parser is strict (`insecureHTTPParser` off:
 * no obsolete folding, no two framings); what it lets pass that could still be read in two ways is
 * refused in `wire/http`. Duplicate headers reach the handler as they came.
 */
export function createListener(handler: Handler, limits: ListenerLimits, tls?: TlsFiles): Server {
  const options = {
    maxHeaderSize: limits.headersBytes,
    headersTimeout: limits.headersTimeoutMs,
    // A 5 GB upload may take its time; the time-out below ends the ones that stall.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: 5_000,
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
  }
  const server = tls
    ? createTlsServer({ ...options, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' })
    : createServer(options)
  // Node would drop headers over the count without a word; `headersBytes` bounds them instead.
  server.maxHeadersCount = 0
  server.maxConnections = limits.connections
  server.timeout = limits.bodyTimeoutMs
  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    if (VERSIONS.has(request.httpVersion)) handler(incoming(request, response, expectsContinue))
    else refuse(response, 505)
  }
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('checkExpectation', (_request, response) => refuse(response, 417))
  server.on('upgrade', (_request, socket) => closeWith(socket as Socket, '501 Not Implemented'))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    closeWith(socket as Socket, statusOfParserError(error.code))
  })
  return server
}

function incoming(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Incoming {
  return {
    head: { method: request.method ?? '', target: request.url ?? '', headers: pairs(request.rawHeaders) },
    facts: connectionFacts(request.socket),
    request,
    response,
    expectsContinue,
  }
}

function pairs(raw: readonly string[]): NameValue[] {
  const headers: NameValue[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    headers.push([(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? ''])
  }
  return headers
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close', 'content-length': 0 })
  response.end()
}

function statusOfParserError(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return '400 Bad Request'
}

/** Ends a connection whose bytes were no request that could be answered by the protocol above. */
export function closeWith(socket: Socket, status: string, body = ''): void {
  if (socket.destroyed) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${body}`,
  )
  // A peer that neither reads nor closes must not keep the socket.
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy())
}
