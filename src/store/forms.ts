import type { Revocation } from '../core/revocation.ts'
import type { AccessRequest, Person, RequestEvent, RequestState } from '../grants/model.ts'
import { anyObject, FormError, flag, list, object, oneOf, text, whole } from './form.ts'

const STATES = oneOf('pending', 'approved', 'denied', 'expired', 'spent', 'revoked')
const texts = list(text)

const requester = object(
  {
    arn: text,
    roleArn: text,
    account: text,
    sessionId: text,
    issuer: text,
    subject: text,
    actingFor: texts,
    knownAs: texts,
    principalKey: text,
  },
  { sourceIdentity: text },
)

const call = object(
  {
    service: text,
    operation: text,
    region: text,
    commandLine: text,
    parameters: anyObject,
    pairs: list(object({ action: text, resource: text, certainty: oneOf('exact', 'any') })),
    resources: list(object({ resource: text, facts: anyObject })),
  },
  {
    body: object({ bytes: whole }, { sha256: text }),
    recorded: object({ commandLine: text, parameters: anyObject }),
  },
)

const scope = object({ actions: list(text, 1), resources: list(text, 1) })

const demand = object({
  statement: object({ policy: text, statement: text, effect: text }, { reason: text }),
  from: list(text, 1),
  count: whole,
  validForMs: whole,
  uses: whole,
  holdMs: whole,
})

const approval = object(
  { by: text, name: text, atMs: whole, demands: list(whole) },
  { uses: whole, validForMs: whole, comment: text, knownAs: texts },
)

const requestForm = object(
  {
    id: text,
    kind: oneOf('call', 'scope'),
    digest: text,
    requester,
    demands: list(demand, 1),
    uses: whole,
    validForMs: whole,
    askedAtMs: whole,
    openUntilMs: whole,
    state: STATES,
    standsUntilMs: whole,
    approvals: list(approval),
    version: whole,
  },
  {
    call,
    scope,
    reason: text,
    grant: object({ uses: whole, usesLeft: whole, fromMs: whole, expiresAtMs: whole }),
    ended: object({ by: text, name: text, atMs: whole }, { reason: text }),
    brokeGlass: flag,
    shownTo: texts,
  },
)

const eventForm = object(
  {
    id: text,
    timeMs: whole,
    requestId: text,
    sessionId: text,
    what: oneOf('asked', 'shown', 'approved', 'denied', 'spent', 'expired', 'revoked', 'broke-glass'),
    state: STATES,
  },
  {
    by: text,
    name: text,
    reason: text,
    usesLeft: whole,
    expiresAtMs: whole,
    decisionId: text,
    request: anyObject,
  },
)

const personForm = object({
  id: text,
  issuer: text,
  subject: text,
  name: text,
  groups: texts,
  knownAs: texts,
})

const revocationForm = object({
  id: text,
  kind: oneOf('session', 'principal', 'role'),
  of: text,
  issuedUntilMs: whole,
  keepUntilMs: whole,
  by: text,
  reason: text,
  atMs: whole,
})

/** The value as an access request, all of whose members are what the model says. Throws `FormError`. */
export function asRequest(value: unknown): AccessRequest {
  requestForm(value, 'request')
  const request = value as AccessRequest
  if ((request.kind === 'call') !== (request.call !== undefined))
    throw new FormError('request.call', 'as its kind')
  if ((request.kind === 'scope') !== (request.scope !== undefined))
    throw new FormError('request.scope', 'as its kind')
  const { grant } = request
  if (request.state === 'pending' && grant !== undefined) throw new FormError('request.grant', 'absent')
  if (request.state === 'approved' && grant === undefined) throw new FormError('request.grant', 'there')
  if (grant !== undefined && grant.usesLeft > grant.uses) {
    throw new FormError('request.grant.usesLeft', 'within its uses')
  }
  return request
}

/** The value as the state of a request. Throws `FormError`. */
export function asState(value: unknown): RequestState {
  STATES(value, 'state')
  return value as RequestState
}

/** The value as an event of an access request. Throws `FormError`. */
export function asEvent(value: unknown): RequestEvent {
  eventForm(value, 'event')
  return value as RequestEvent
}

/** The value as a person. Throws `FormError`. */
export function asPerson(value: unknown): Person {
  personForm(value, 'person')
  return value as Person
}

/** The value as an order to end sessions. Throws `FormError`. */
export function asRevocation(value: unknown): Revocation {
  revocationForm(value, 'revocation')
  return value as Revocation
}
