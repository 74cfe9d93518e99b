/** What the control API takes, to the letter: a member that is not named here is refused, never passed over. */

import { z } from 'zod'
import {
  API_LIMITS,
  type ApproveBody,
  type AskBody,
  REQUEST_STATES,
  type ReasonBody,
  type RequestStateView,
} from '../contract/approvals.ts'
import { isRequestId } from '../contract/routes.ts'
import type { KillBody } from '../contract/sessions.ts'
import { GateError } from '../core/errors.ts'
import { findDuplicateName } from '../identity/oidc/strict-json.ts'

/** Characters that move what stands around them, or that end a line. */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

function line(maxChars: number): z.ZodString {
  return z
    .string()
    .max(maxChars)
    .refine(text => text.trim() !== '', 'must not be empty')
    .refine(text => !STEERING.test(text), 'must be one line without control characters')
}

const { reasonChars, patterns, patternChars, forMs, uses } = API_LIMITS
const text = line(reasonChars)
const count = z.int().min(1).max(uses)
const durationMs = z.int().min(1).max(forMs.most)
const patternList = z.array(line(patternChars)).min(1).max(patterns)

const ask = z.strictObject({
  role: line(patternChars),
  forMs: z.int().min(forMs.least).max(forMs.most),
  reason: text,
  actions: patternList.optional(),
  resources: patternList.optional(),
  uses: count.optional(),
})

const approve = z.strictObject({
  uses: count.optional(),
  validForMs: durationMs.optional(),
  comment: text.optional(),
})

const reason = z.strictObject({ reason: text })

/** The name of an issuer, a slash, and a subject of at most as many characters as a token's may have. No patterns. */
const PRINCIPAL = /^[A-Za-z0-9._-]{1,64}\/.{1,255}$/s
const ROLE = /^arn:aws[a-z-]{0,20}:iam::[0-9]{12}:role\/(?:[!-)+->@-~]{0,511}\/)?[\w+=,.@-]{1,64}$/

const kill = z
  .strictObject({
    principal: line(400).regex(PRINCIPAL, 'must be `ISSUER/SUBJECT`').optional(),
    role: line(700).regex(ROLE, 'must be the ARN of one role').optional(),
    reason: text,
  })
  .refine(({ principal, role }) => (principal === undefined) !== (role === undefined), {
    error: 'must have one of `principal` and `role`',
  })

/** Whole numbers of at most nine digits, in one spelling. */
const number = z.string().regex(/^(?:0|[1-9][0-9]{0,8})$/, 'must be a whole number')
const seconds = number.transform(Number).pipe(z.int().max(API_LIMITS.waitS))

const list = z.strictObject({
  state: z
    .string()
    .max(100)
    .transform(states => states.split(','))
    .pipe(z.array(z.enum(REQUEST_STATES)).max(REQUEST_STATES.length))
    .optional(),
  role: line(patternChars).optional(),
  before: z.string().refine(isRequestId, 'must be the number of an access request').optional(),
  limit: number.transform(Number).pipe(z.int().min(1).max(API_LIMITS.list)).optional(),
  wait: seconds.optional(),
  since: line(100).optional(),
})

const one = z.strictObject({ wait: seconds.optional(), since: number.optional() })

/** The query of a list, read. */
export interface ListParameters {
  readonly state?: readonly RequestStateView[] | undefined
  readonly role?: string | undefined
  readonly before?: string | undefined
  readonly limit?: number | undefined
  readonly wait?: number | undefined
  readonly since?: string | undefined
}

/** The query of one request, read. */
export interface OneParameters {
  readonly wait?: number | undefined
  readonly since?: string | undefined
}

/** Each of these throws `api-request-invalid`, naming the member or parameter. */
export function readAsk(body: Buffer): AskBody {
  return withoutAbsent(check(ask, parseJson(body)))
}

export function readApprove(body: Buffer): ApproveBody {
  return withoutAbsent(check(approve, parseJson(body)))
}

export function readReason(body: Buffer): ReasonBody {
  return check(reason, parseJson(body))
}

export function readKill(body: Buffer): KillBody {
  return withoutAbsent(check(kill, parseJson(body)))
}

export function readListQuery(query: string): ListParameters {
  return check(list, parseQuery(query))
}

export function readOneQuery(query: string): OneParameters {
  return check(one, parseQuery(query))
}

export function readNoQuery(query: string): void {
  check(z.strictObject({}), parseQuery(query))
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') throw invalid(`${shown(issue.keys[0] ?? '')} is not known here`)
  const path = issue?.path.map(String).join('.') ?? ''
  const message = issue?.message ?? 'is not as documented'
  const what = message.charAt(0).toLowerCase() + message.slice(1)
  throw invalid(path === '' ? `what was sent: ${what}` : `${shown(path)}: ${what}`)
}

/** A name that a stranger chose, fit for a message. */
function shown(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x5f\x61-\x7e]/g, '?')
  return `\`${plain.length > 60 ? `${plain.slice(0, 60)}…` : plain}\``
}

function parseJson(body: Buffer): unknown {
  const source = body.toString('utf8')
  if (!Buffer.from(source).equals(body)) throw invalid('the body is not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    // The parser's own message quotes the body.
    throw invalid('the body is not JSON')
  }
  const twice = findDuplicateName(source)
  if (twice === null) throw invalid('the body is nested too deeply')
  if (twice !== undefined) throw invalid(`${shown(twice)} is in one object twice`)
  return value
}

function parseQuery(query: string): object {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (parameters.has(name)) throw invalid(`${shown(name)} is in the query twice`)
    parameters.set(name, value)
  }
  return Object.fromEntries(parameters)
}

/** Optional members that are absent, instead of members that are undefined. */
function withoutAbsent<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const present = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(present) as { [K in keyof T]: Exclude<T[K], undefined> }
}

function invalid(why: string): GateError {
  return new GateError('api-request-invalid', why)
}
