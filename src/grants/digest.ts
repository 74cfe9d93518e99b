/**
 * What a grant is bound to. Digests are shown to people and recorded. What goes into the one of a call may be
 * secret and guessable (a password of a `CreateDBInstance`), and who somebody is may be, too; so these are
 * HMAC-SHA-256 under a key that only the replicas of this gate share. The others are made of what is public.
 * Each is over canonical JSON that says what it is a digest of.
 */

import { createHash, createHmac } from 'node:crypto'
import type { Demand } from '../core/decision.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { canonical } from './canonical.ts'
import type { RequestedScope, Requester, StreamedBody } from './model.ts'

const KEY_BYTES = 32

/** The very call, as an approval is bound to it. */
export interface CallParts {
  readonly principalKey: string
  readonly roleArn: string
  readonly account: string
  readonly region: string
  readonly service: string
  readonly operation: string
  /** Canonical, in full, without the members that are idempotency tokens: a retry has others. */
  readonly parameters: JsonObject
  readonly body?: StreamedBody
}

/** The digest of a call: 64 hex digits. `key` is the shared secret `digest` of the store, 32 bytes. */
export function callDigest(key: Buffer, parts: CallParts): string {
  const { principalKey, roleArn, account, region, service, operation, parameters, body } = parts
  return keyed(key, 'call', {
    principalKey,
    roleArn,
    account,
    region,
    service,
    operation,
    parameters,
    ...(body && { body: { bytes: body.bytes, ...(body.sha256 !== undefined && { sha256: body.sha256 }) } }),
  })
}

export type PrincipalParts = Pick<Requester, 'issuer' | 'subject' | 'sourceIdentity' | 'actingFor'>

/**
 * Of whom a grant is, whichever of its sessions it comes in. The session names of those that it acts for are
 * left out: clients choose them, and a retry from another process must find its grant.
 */
export function principalKey(key: Buffer, parts: PrincipalParts): string {
  const { issuer, subject, sourceIdentity, actingFor } = parts
  return keyed(key, 'principal', {
    issuer,
    subject,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    actingFor: actingFor.map(withoutSession),
  })
}

export interface ScopeParts {
  readonly principalKey: string
  readonly roleArn: string
  readonly scope: RequestedScope
}

/** The digest of standing access; the order of the patterns means nothing. */
export function scopeDigest({ principalKey, roleArn, scope }: ScopeParts): string {
  return plain('scope', {
    principalKey,
    roleArn,
    actions: distinct(scope.actions),
    resources: distinct(scope.resources),
  })
}

/**
 * By what the store finds a request: a digest of the above together with the demands. What was approved under
 * other demands (a policy has changed since, or its conditions hold on another connection) is another request.
 */
export function requestDigest(digest: string, demands: readonly Demand[]): string {
  return plain('request', { digest, demands: distinct(demands.map(demandText)) })
}

function demandText({ statement, from, count, uses, validForMs }: Demand): string {
  const { policy, statement: name } = statement
  return canonical({ policy, statement: name, from: distinct(from), count, uses, validForMs })
}

/** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` without `/SESSION`; anything else as it is. */
function withoutSession(arn: string): string {
  const session = /^(arn:[^:]*:sts::[0-9]*:assumed-role\/[^/]+)\/[^/]*$/.exec(arn)
  return session?.[1] ?? arn
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted()
}

type Content = { readonly [member: string]: Json }

function keyed(key: Buffer, of: string, content: Content): string {
  if (key.length !== KEY_BYTES) throw new RangeError(`the key of digests has ${KEY_BYTES} bytes`)
  return createHmac('sha256', key).update(text(of, content)).digest('hex')
}

function plain(of: string, content: Content): string {
  return createHash('sha256').update(text(of, content)).digest('hex')
}

/** With what it is of, so that no digest of one kind is one of another. */
function text(of: string, content: Content): string {
  return canonical({ v: 1, of, content })
}
