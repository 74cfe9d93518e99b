import type { Json, JsonObject } from '../core/json.ts'
import type { ParentSession, Principal } from '../core/principal.ts'

/**
 * What a session token holds: the principal, with one-letter names because every call carries it.
 * Written and read only by the gate, under authenticated encryption.
 */
export interface SessionClaims {
  readonly principal: Principal
  /** The bucket that the credentials are bound to: an S3 Express session. */
  readonly expressBucket?: string
}

/** The claims as text, to be sealed. */
export function writeClaims(claims: SessionClaims): string {
  const { principal } = claims
  return JSON.stringify({
    r: principal.roleArn,
    n: principal.sessionName,
    d: principal.sessionId,
    i: principal.issuer,
    s: principal.subject,
    c: principal.claims,
    t: principal.tags,
    u: principal.sourceIdentity,
    a: principal.actingFor,
    b: principal.issuedAtMs,
    e: principal.expiresAtMs,
    p: principal.sessionPolicy,
    k: principal.transitiveTagKeys,
    f: principal.federatedProvider,
    x: claims.expressBucket,
    h: principal.chainedFrom?.map(({ sessionId, roleArn, issuedAtMs }) => [sessionId, roleArn, issuedAtMs]),
  } satisfies Record<SealedName, unknown>)
}

type SealedName =
  | 'r'
  | 'n'
  | 'd'
  | 'i'
  | 's'
  | 'c'
  | 't'
  | 'u'
  | 'a'
  | 'b'
  | 'e'
  | 'p'
  | 'k'
  | 'f'
  | 'x'
  | 'h'

/**
 * Reads authentic claims. Undefined where they are not in the form that this version writes: a replica
 * of another version shares the key.
 */
export function readClaims(text: string): SessionClaims | undefined {
  const sealed: unknown = JSON.parse(text)
  if (!isObject(sealed)) return undefined
  const { r, n, d, i, s, c, t, u, a, b, e, p, k, f, x, h } = sealed
  if (!isText(r) || !isText(n) || !isText(d) || !isText(i) || !isText(s)) return undefined
  if (!isObject(c) || !isTags(t) || !isTexts(a) || typeof b !== 'number' || typeof e !== 'number')
    return undefined
  if (!isOptional(u, isText) || !isOptional(p, isText) || !isOptional(f, isText)) return undefined
  if (!isOptional(x, isText) || !isOptional(k, isTexts)) return undefined
  // Credentials that were chained before parents were sealed have none, and open still.
  const chainedFrom = h === undefined ? undefined : readParents(h)
  if (h !== undefined && chainedFrom === undefined) return undefined
  const role = parseRoleArn(r)
  if (role === undefined) return undefined
  const principal: Principal = {
    arn: sessionArn(role, n),
    roleArn: r,
    account: role.account,
    sessionName: n,
    sessionId: d,
    issuer: i,
    subject: s,
    claims: c,
    tags: t,
    actingFor: a,
    issuedAtMs: b,
    expiresAtMs: e,
    ...(u !== undefined && { sourceIdentity: u }),
    ...(p !== undefined && { sessionPolicy: p }),
    ...(k !== undefined && { transitiveTagKeys: k }),
    ...(f !== undefined && { federatedProvider: f }),
    ...(chainedFrom !== undefined && { chainedFrom }),
  }
  return x === undefined ? { principal } : { principal, expressBucket: x }
}

function readParents(value: unknown): readonly ParentSession[] | undefined {
  if (!Array.isArray(value)) return undefined
  const parents: ParentSession[] = []
  for (const each of value) {
    const [sessionId, roleArn, issuedAtMs]: readonly unknown[] = Array.isArray(each) ? each : []
    if (!isText(sessionId) || !isText(roleArn) || typeof issuedAtMs !== 'number') return undefined
    parents.push({ sessionId, roleArn, issuedAtMs })
  }
  return parents
}

/** The parts of a role's ARN. */
export interface RoleName {
  readonly partition: string
  /** 12 digits. */
  readonly account: string
  /** The last part of the path: an account has no two roles of one name. */
  readonly name: string
}

const ROLE_ARN = /^arn:(aws[a-z-]{0,20}):iam::(\d{12}):role\/((?:[\x21-\x7e]{1,510}\/)?)([\w+=,.@-]{1,64})$/

/** The parts of a role's ARN; undefined for anything else. */
export function parseRoleArn(arn: string): RoleName | undefined {
  if (arn.length > 700) return undefined
  const match = ROLE_ARN.exec(arn)
  const [, partition, account, , name] = match ?? []
  if (partition === undefined || account === undefined || name === undefined) return undefined
  return { partition, account, name }
}

/** The ARN of a session in a role, as AWS writes it. */
export function sessionArn(role: RoleName, sessionName: string): string {
  return `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

/** What `JSON.parse` returns is JSON; only its form is open. */
function isObject(value: unknown): value is Readonly<Record<string, Json>> & JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTags(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every(isText)
}

function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value)
}
