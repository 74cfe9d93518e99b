import type { NameValue } from '../../core/http.ts'
import type { HttpHeaders } from './headers.ts'

/**
 * Something in a path that two parsers could read in two ways. All of them are legitimate in the key of
 * an S3 object and in nothing else (but `encoded-slash`: ARNs in labels carry it, too).
 * - `dot-segment`: a segment that is `.` or `..` when decoded
 * - `empty-segment`: `//`; a single slash at the end is not one
 * - `encoded-slash`: `%2f`
 * - `encoded-plain`: a character that needs no encoding is encoded (`%2e`, `%41`)
 * - `double-encoded`: what is decoded looks percent-encoded still (`%252e`)
 * - `semicolon`: a raw `;`, which some parsers take for a path parameter
 * - `backslash`: `%5c`; a raw backslash is never taken
 * - `control`: an encoded control character; `%00` is never taken
 */
export type PathTrick =
  | 'dot-segment'
  | 'empty-segment'
  | 'encoded-slash'
  | 'encoded-plain'
  | 'double-encoded'
  | 'semicolon'
  | 'backslash'
  | 'control'

/** A request target, read strictly. Nothing in it has been verified against a signature. */
export interface HttpTarget {
  /** The path as sent: begins with `/`, printable ASCII, every `%` begins a good escape. */
  readonly rawPath: string
  /** The query as sent, without `?`; empty when there is none. */
  readonly rawQuery: string
  /** What stands between the slashes, each decoded once; `/` is `['']`, `/a/` is `['a', '']`. */
  readonly segments: readonly string[]
  /** The tricks that the path contains; see `requirePlainPath`. */
  readonly tricks: ReadonlySet<PathTrick>
  /** The parameters in order, decoded once; a name without `=` has an empty value. */
  readonly query: readonly NameValue[]
  /** Host and port of an absolute-form target, where the caller takes those. */
  readonly authority?: string
}

/** The head of a request, read strictly. Nothing in it has been verified against a signature. */
export interface HttpRequest {
  /** Upper case, one of the methods that AWS uses. */
  readonly method: string
  readonly target: HttpTarget
  readonly headers: HttpHeaders
  /** Announced length of the body in bytes; absent when there is no body or it is chunked by HTTP. */
  readonly contentLength?: number
}
