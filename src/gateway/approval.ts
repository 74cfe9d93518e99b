import type { Decision, Demand, StatementRef } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import type { CallQuestion, Desk, Settled } from '../grants/desk.ts'
import type { AccessRequest } from '../grants/model.ts'
import type { AwaitedApproval, Held } from './exchange.ts'

export type { AwaitedApproval } from './exchange.ts'

/** Where people are asked; the same for every protocol. */
export interface ApprovalRooms {
  readonly desk: Desk
  /** The address of the page on which a request can be seen and answered. */
  requestUrl(requestId: string): string
}

/** One message that people may have to approve. */
export interface ApprovalCase {
  /** The event of the message. */
  readonly eventId: string
  question(demands: readonly Demand[]): CallQuestion
  /** The decision as it would be now: time has passed while people were asked. */
  decideAgain(): Decision
  /** Throws where the caller's credentials, or its session, have ended meanwhile. */
  checkAlive(): void
  hold(wait: (left: AbortSignal) => Promise<void>, awaited: AwaitedApproval): Promise<Held>
}

/**
 * Settles a decision that people have a say in. A use of a grant is taken here, at the moment of execution,
 * and never given back: what fails after it has failed with it. Throws `store-unavailable`,
 * `journal-unavailable`, `requests-too-many`; then nothing passes.
 */
export async function settleApproval(
  decision: Decision,
  asked: ApprovalCase,
  rooms: ApprovalRooms,
): Promise<Decision> {
  const { desk, requestUrl } = rooms
  if (decision.brokeGlass !== undefined && decision.effect === 'allow') {
    await desk.brokeGlass(asked.question(decision.brokeGlass), asked.eventId)
    return decision
  }
  const demands = decision.demands ?? []
  if (demands.length === 0) throw new GateError('internal', 'an approval is needed, and nobody is to give it')
  const settled = await desk.settle(asked.question(demands), asked.eventId)
  if (settled.state !== 'pending') return answer(decision, settled, requestUrl)
  const { request } = settled
  const holdMs = Math.min(...demands.map(demand => demand.holdMs))
  const awaited = { requestId: request.id, url: requestUrl(request.id), from: waitsFor(demands), holdMs }
  const held = await asked.hold(left => desk.wait(request, holdMs, left), awaited)
  if (held === 'left') return unapproved(decision, request, 'its client left while it waited', requestUrl)
  if (held === 'not-held') return answer(decision, settled, requestUrl)
  asked.checkAlive()
  // What is demanded now may be another thing: then what was approved is not for it.
  const again = asked.decideAgain()
  if (again.effect !== 'ask')
    return again.brokeGlass === undefined ? again : settleApproval(again, asked, rooms)
  const question = asked.question(again.demands ?? [])
  return answer(again, await desk.settle(question, asked.eventId), requestUrl)
}

function answer(decision: Decision, settled: Settled, requestUrl: ApprovalRooms['requestUrl']): Decision {
  const { request } = settled
  if (settled.state === 'granted') {
    const { demands: _, ...rest } = decision
    return { ...rest, effect: 'allow', grant: settled.grant }
  }
  if (settled.state === 'denied') return unapproved(decision, request, whoDenied(request), requestUrl)
  return unapproved(decision, request, undefined, requestUrl)
}

/** The denial that a client sees: what is missing, where it is asked for, and what to do then. */
function unapproved(
  { statements, demands = [] }: Decision,
  request: AccessRequest,
  why: string | undefined,
  requestUrl: ApprovalRooms['requestUrl'],
): Decision {
  const asking = demands.map(({ statement }) => statement)
  const what = why ?? `it waits for ${waitsFor(demands)}`
  const next =
    request.state === 'denied'
      ? ''
      : `; once it is approved, send the same call again. See ${requestUrl(request.id)}`
  return {
    effect: 'deny',
    statements: asking.length > 0 ? asking : statements,
    obligations: [],
    denial: {
      kind: 'approval',
      reason: `the call needs an approval${sayWhich(asking)}. Access request ${request.id}: ${what}${next}`,
      requestId: request.id,
      requestUrl: requestUrl(request.id),
    },
  }
}

function sayWhich([first]: readonly StatementRef[]): string {
  if (first === undefined) return ''
  const reason = first.reason === undefined ? '' : ` (${first.reason})`
  return ` by the statement \`${first.statement}\` of \`${first.policy}\`${reason}`
}

function waitsFor(demands: readonly Demand[]): string {
  const each = demands.map(({ from, count }) => {
    const people = count === 1 ? 'one person' : `${count} people`
    return `${people} of ${from.slice(0, 5).join(', ')}`
  })
  return [...new Set(each)].slice(0, 5).join(' and ')
}

function whoDenied({ ended }: AccessRequest): string {
  if (ended === undefined) return 'it was denied'
  return `${ended.name} denied it${ended.reason === undefined ? '' : `: ${ended.reason}`}`
}
