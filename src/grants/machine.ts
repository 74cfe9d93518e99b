/**
 * The life of an access request, as pure functions: each takes it as it is and gives it as it is then, with
 * the event of the change, or throws. `version` counts each change up by one.
 *
 *     ask -> pending -- approve --> approved -- spend --> spent
 *              |  |  |                 |   |
 *            deny |  revoke          expire revoke
 *              |  expire
 */

import { GateError } from '../core/errors.ts'
import type { Narrowing } from './desk.ts'
import type {
  AccessRequest,
  Approval,
  Grant,
  Person,
  RequestEvent,
  RequestEventKind,
  RequestState,
} from './model.ts'
import { openingOf } from './opening.ts'
import { type Eligibility, isMet, mayApprove, mayDeny, namesOf } from './people.ts'
import { prose, shownName } from './prose.ts'

/** When something happens, ms, and the id of its event. */
export interface Moment {
  readonly nowMs: number
  readonly eventId: string
}

/** A change of an access request. */
export interface Step {
  readonly request: AccessRequest
  readonly event: RequestEvent
}

/** What is asked, before anything has come of it. */
export type Question = Pick<
  AccessRequest,
  'id' | 'kind' | 'digest' | 'requester' | 'call' | 'scope' | 'reason' | 'demands' | 'uses' | 'validForMs'
>

/** To how many it is recorded that a request was shown. */
const MAX_SHOWN_TO = 1_000

/** A new request, open for `openForMs`. */
export function ask(question: Question, openForMs: number, at: Moment): Step {
  const openUntilMs = at.nowMs + openForMs
  const request = begin(question, 'pending', openUntilMs, at)
  return { request, event: { ...happened(request, 'asked', at), request: openingOf(request) } }
}

/** A call that passed without approval, by a break-glass statement: over as it begins. */
export function breakGlass(question: Question, decisionId: string, at: Moment): Step {
  const request = { ...begin(question, 'spent', at.nowMs, at), standsUntilMs: 0, brokeGlass: true }
  const event = { ...happened(request, 'broke-glass', at), decisionId, request: openingOf(request) }
  return { request, event }
}

function begin(
  question: Question,
  state: RequestState,
  openUntilMs: number,
  { nowMs }: Moment,
): AccessRequest {
  const { demands, uses, validForMs, reason, ...rest } = question
  const sound =
    demands.length > 0 &&
    demands.every(({ from, count }) => from.length > 0 && isCount(count)) &&
    isCount(uses) &&
    isCount(validForMs)
  if (!sound) throw new GateError('internal', 'an access request must name whom it is for and what it asks')
  const why = prose(reason)
  return {
    ...rest,
    ...(why !== undefined && { reason: why }),
    demands,
    uses,
    validForMs,
    askedAtMs: nowMs,
    openUntilMs,
    state,
    standsUntilMs: openUntilMs,
    approvals: [],
    version: 1,
  }
}

/** Somebody, or a channel, has seen it; undefined where that is known already. */
export function show(request: AccessRequest, by: string, name: string, at: Moment): Step | undefined {
  const before = request.shownTo ?? []
  if (before.includes(by) || before.length >= MAX_SHOWN_TO) return undefined
  const shown = { ...request, shownTo: [...before, by], version: request.version + 1 }
  return { request: shown, event: { ...happened(shown, 'shown', at), by, name: shownName(name) } }
}

/**
 * A person's approval. With the last one that is needed, there is a grant from now on, for the least that
 * request and approvals say. Throws `request-closed`, `approver-not-eligible` and, if more is given than was
 * asked for, `approval-invalid`.
 */
export function approve(request: AccessRequest, person: Person, narrowing: Narrowing, at: Moment): Step {
  checkOpen(request, at)
  const demands = checkEligible(request, person, mayApprove(request, person))
  checkNarrowing('uses', narrowing.uses, request.uses)
  checkNarrowing('milliseconds', narrowing.validForMs, request.validForMs)
  const { uses, validForMs } = narrowing
  const comment = prose(narrowing.comment)
  const approval: Approval = {
    by: person.id,
    name: shownName(person.name),
    atMs: at.nowMs,
    demands,
    ...(uses !== undefined && { uses }),
    ...(validForMs !== undefined && { validForMs }),
    ...(comment !== undefined && { comment }),
    knownAs: namesOf(person),
  }
  const counted = { ...request, approvals: [...request.approvals, approval], version: request.version + 1 }
  const next = counted.demands.every((_, number) => isMet(counted, number)) ? granted(counted, at) : counted
  return { request: next, event: by(person, happened(next, 'approved', at), comment) }
}

function granted(request: AccessRequest, { nowMs }: Moment): AccessRequest {
  const uses = Math.min(request.uses, ...request.approvals.map(approval => approval.uses ?? request.uses))
  const validForMs = Math.min(
    request.validForMs,
    ...request.approvals.map(approval => approval.validForMs ?? request.validForMs),
  )
  const grant: Grant = { uses, usesLeft: uses, fromMs: nowMs, expiresAtMs: nowMs + validForMs }
  return { ...request, state: 'approved', grant, standsUntilMs: grant.expiresAtMs }
}

/**
 * Any one whom a demand names says no, and it is no; for `coolDownMs` the same question is answered by it.
 * Throws `request-closed` and `approver-not-eligible`.
 */
export function deny(
  request: AccessRequest,
  person: Person,
  reason: string,
  coolDownMs: number,
  at: Moment,
): Step {
  checkOpen(request, at)
  checkEligible(request, person, mayDeny(request, person))
  return end(request, 'denied', at.nowMs + coolDownMs, person, reason, at)
}

/** Ends a grant or takes an open request back. Throws `request-closed`. */
export function revoke(request: AccessRequest, person: Person, reason: string, at: Moment): Step {
  if (request.state !== 'pending' && request.state !== 'approved') throw closed(request)
  return end(request, 'revoked', 0, person, reason, at)
}

function end(
  request: AccessRequest,
  state: 'denied' | 'revoked',
  standsUntilMs: number,
  person: Person,
  reason: string,
  at: Moment,
): Step {
  const why = prose(reason)
  const ended: AccessRequest = {
    ...request,
    state,
    standsUntilMs,
    ended: {
      by: person.id,
      name: shownName(person.name),
      atMs: at.nowMs,
      ...(why !== undefined && { reason: why }),
    },
    version: request.version + 1,
  }
  return { request: ended, event: by(person, happened(ended, state, at), why) }
}

/** Whether a use of its grant can be taken. */
export function isSpendable({ state, grant }: AccessRequest, nowMs: number): boolean {
  return state === 'approved' && grant !== undefined && nowMs < grant.expiresAtMs && grant.usesLeft > 0
}

/** Takes one use for the call whose event is `decisionId`. Throws `request-closed`. */
export function spend(request: AccessRequest, decisionId: string, at: Moment): Step {
  const { grant } = request
  if (grant === undefined || !isSpendable(request, at.nowMs)) throw closed(request)
  const usesLeft = grant.usesLeft - 1
  const spent: AccessRequest = {
    ...request,
    grant: { ...grant, usesLeft },
    ...(usesLeft === 0 && { state: 'spent', standsUntilMs: 0 }),
    version: request.version + 1,
  }
  return { request: spent, event: { ...happened(spent, 'spent', at), decisionId } }
}

/** Ends what nobody answered or used in time; undefined where it is not over yet, or has ended. */
export function expire(request: AccessRequest, at: Moment): Step | undefined {
  const open = request.state === 'pending' || request.state === 'approved'
  if (!open || at.nowMs < request.standsUntilMs) return undefined
  const expired: AccessRequest = {
    ...request,
    state: 'expired',
    standsUntilMs: 0,
    version: request.version + 1,
  }
  return { request: expired, event: happened(expired, 'expired', at) }
}

function happened(request: AccessRequest, what: RequestEventKind, { nowMs, eventId }: Moment): RequestEvent {
  const { id, state, grant, requester } = request
  return {
    id: eventId,
    timeMs: nowMs,
    requestId: id,
    sessionId: requester.sessionId,
    what,
    state,
    ...(grant && { usesLeft: grant.usesLeft, expiresAtMs: grant.expiresAtMs }),
  }
}

function by(person: Person, event: RequestEvent, reason: string | undefined): RequestEvent {
  const name = shownName(person.name)
  return { ...event, by: person.id, name, ...(reason !== undefined && { reason }) }
}

function checkOpen(request: AccessRequest, { nowMs }: Moment): void {
  if (request.state !== 'pending') throw closed(request)
  if (nowMs >= request.openUntilMs) {
    throw new GateError('request-closed', `nobody answered the request \`${request.id}\` in time`)
  }
}

function checkEligible(
  { id }: AccessRequest,
  person: Person,
  { demands, why }: Eligibility,
): readonly number[] {
  if (demands.length > 0) return demands
  throw new GateError('approver-not-eligible', `\`${person.id}\` cannot answer \`${id}\`: ${why}`)
}

function checkNarrowing(of: string, value: number | undefined, most: number): void {
  if (value === undefined || (isCount(value) && value <= most)) return
  throw new GateError('approval-invalid', `an approval of this request is for 1 to ${most} ${of}`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

function closed({ id, state }: AccessRequest): GateError {
  return new GateError('request-closed', `the request \`${id}\` is ${state}`)
}
