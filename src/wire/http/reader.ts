/**
 * Reads the head of a request strictly: method, target, headers, and what says how long the body is.
 * https://www.rfc-editor.org/rfc/rfc9112 (HTTP/1.1), https://www.rfc-editor.org/rfc/rfc9110 (semantics)
 *
 * Invariant: a request that two conforming parsers could read in two ways is refused.
 */
import { GateError } from '../../core/errors.ts'
import type { HttpHead } from '../../core/http.ts'
import { type HttpHeaders, readHeaders } from './headers.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import type { HttpRequest } from './messages.ts'
import { readTarget, type TargetOptions } from './target.ts'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
const HOST = /^[A-Za-z0-9\-._]{1,255}(?::[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?$/
const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/
/** What `connection` may say; any other name would strip a header that the signature may cover. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set([
  'close',
  'keep-alive',
  'te',
  'upgrade',
  'http2-settings',
])

/**
 * Reads the head of a request. Throws `http-malformed`, `http-ambiguous`, `http-target-too-long`,
 * `http-headers-too-large`, `http-too-many-parameters`.
 */
export function readRequest(
  head: HttpHead,
  options: TargetOptions = {},
  limits: HttpLimits = HTTP_LIMITS,
): HttpRequest {
  if (!METHODS.has(head.method)) {
    throw new GateError('http-malformed', 'the request has a method that no AWS operation uses')
  }
  const target = readTarget(head.target, options, limits)
  const headers = readHeaders(head.headers, limits)
  checkHost(headers)
  checkConnection(headers)
  const contentLength = readBodyLength(headers)
  return {
    method: head.method,
    target,
    headers,
    ...(contentLength === undefined ? {} : { contentLength }),
  }
}

function checkHost(headers: HttpHeaders): void {
  const host = headers.single('host')
  if (host === undefined) throw new GateError('http-malformed', 'the request has no `host` header')
  if (!HOST.test(host)) throw new GateError('http-malformed', 'the `host` header names no good host')
}

function checkConnection(headers: HttpHeaders): void {
  const connection = headers.single('connection')
  if (connection === undefined) return
  for (const option of connection.split(',')) {
    if (!CONNECTION_OPTIONS.has(option.trim().toLowerCase())) {
      throw new GateError('http-ambiguous', 'the `connection` header takes other headers away')
    }
  }
}

function readBodyLength(headers: HttpHeaders): number | undefined {
  const length = headers.single('content-length')
  const coding = headers.single('transfer-encoding')
  if (coding !== undefined) {
    if (length !== undefined) {
      throw new GateError('http-ambiguous', 'both `content-length` and `transfer-encoding` state a length')
    }
    if (coding !== 'chunked') {
      throw new GateError('http-ambiguous', 'the `transfer-encoding` is something else than `chunked`')
    }
    return undefined
  }
  return length === undefined ? undefined : readLength('content-length', length)
}

/** A length in bytes: decimal digits, no sign, no leading zero. Throws `http-malformed`. */
export function readLength(name: string, value: string): number {
  const length = LENGTH.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(length)) {
    throw new GateError('http-malformed', `the \`${name}\` header is no length in bytes`)
  }
  return length
}
