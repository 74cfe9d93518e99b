import type { ServerResponse } from 'node:http'
import type { ErrorReply } from '../contract/approvals.ts'
import type { GateError } from '../core/errors.ts'

/** An answer of the admin address. Header names in lower case. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/**
 * What every answer says to a browser that came across it: keep nothing, guess no type, show it in no frame
 * and to no other site. There is no CORS: another site's script reads nothing here.
 */
const COMMON: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export function jsonReply(status: number, value: object, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(value)}\n`,
  }
}

export function textReply(status: number, body: string, type = 'text/plain; charset=utf-8'): Reply {
  return { status, headers: { 'content-type': type }, body }
}

/** The error as the client sees it; its cause stays here. */
export function errorReply(error: GateError, headers: Reply['headers'] = {}): Reply {
  const body: ErrorReply = { code: error.code, message: error.message, advice: error.advice }
  const challenge = error.status === 401 ? { 'www-authenticate': 'Bearer realm="sallyport"' } : {}
  return jsonReply(error.status, body, { ...challenge, ...headers })
}

/** Sends it, or gives up the connection where an answer has begun already. */
export function send(response: ServerResponse, reply: Reply, close = false): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const length = String(Buffer.byteLength(reply.body))
  response.writeHead(reply.status, {
    ...COMMON,
    ...reply.headers,
    'content-length': length,
    ...(close && { connection: 'close' }),
  })
  response.end(reply.body)
}
