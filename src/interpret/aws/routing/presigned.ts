import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'

/** The query parameters of a presigned signature (IAM User Guide, "Query string request signing"). */
const SIGNATURE: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'X-Amz-S3session-Token',
  'X-Amz-Content-Sha256',
  'X-Amz-User-Agent',
])

const SIGNATURE_LOWER: ReadonlySet<string> = new Set([...SIGNATURE].map(name => name.toLowerCase()))

/** A query and headers with every part in its place. */
export interface Settled {
  readonly query: readonly NameValue[]
  readonly headers: readonly NameValue[]
  /** Headers that came by the query, so that the signature covers them. */
  readonly hoisted: ReadonlySet<string>
}

/**
 * Takes the signature out of the query of a presigned request, and makes headers of the `x-amz-*`
 * parameters that SDKs move there when they presign. In a request that is signed in its headers no such
 * parameter may be: which of the two would hold?
 * @throws GateError `request-ambiguous`, `parameter-duplicate`
 */
export function settlePresigned(
  query: readonly NameValue[],
  headers: readonly NameValue[],
  presigned: boolean,
): Settled {
  if (!query.some(([name]) => isAmazon(name))) return { query, headers, hoisted: NONE }
  if (!presigned) {
    throw new GateError(
      'request-ambiguous',
      'the query holds `x-amz-*` parameters, the signature is in a header',
    )
  }
  const hoisted = new Set<string>()
  const moved: NameValue[] = []
  const rest = query.filter(([name, value]) => {
    const lower = name.toLowerCase()
    if (!isAmazon(name)) return true
    if (SIGNATURE_LOWER.has(lower)) return false
    if (hoisted.has(lower) || headers.some(([given]) => given === lower)) {
      throw new GateError('parameter-duplicate', `\`${lower.slice(0, 64)}\` is there twice`)
    }
    hoisted.add(lower)
    moved.push([lower, value])
    return false
  })
  return { query: rest, headers: [...headers, ...moved], hoisted }
}

const NONE: ReadonlySet<string> = new Set()

function isAmazon(name: string): boolean {
  return name.length > 6 && name.slice(0, 6).toLowerCase() === 'x-amz-'
}
