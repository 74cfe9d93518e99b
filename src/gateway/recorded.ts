import type { Decision, Denial } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { DecisionEvent, OutcomeEvent, RecordedPrincipal } from '../record/event.ts'
import type { Outcome } from './exchange.ts'

/** What events of all protocols have in common, as it is recorded. */

/** What callers who proved nothing, or whose session was ended, may write into the journal. */
export interface StrangersRate {
  /** Takes one; false when there is none. */
  take(): boolean
}

type DecisionHead = Pick<
  DecisionEvent,
  'type' | 'id' | 'timeMs' | 'clientAddress' | 'sessionId' | 'principal' | 'userAgent'
>

/** @param userAgent as the client said it; its beginning is kept */
export function decisionHead(
  id: string,
  timeMs: number,
  principal: Principal | undefined,
  { clientAddress, userAgent }: { readonly clientAddress: string; readonly userAgent?: string },
): DecisionHead {
  return {
    type: 'decision',
    id,
    timeMs,
    clientAddress,
    ...(principal ? { sessionId: principal.sessionId, principal: recordedPrincipal(principal) } : {}),
    ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, 512) }),
  }
}

type RecordedDecision = Pick<
  DecisionEvent,
  'effect' | 'statements' | 'denial' | 'grant' | 'brokeGlass' | 'masks'
>

/** Throws `internal` where nothing was decided yet, or people are still to be asked. */
export function recordedDecision(decision: Decision | undefined): RecordedDecision {
  if (decision === undefined || decision.effect === 'ask')
    throw new GateError('internal', 'a decision was to be recorded before it was made')
  const { effect, statements, denial, grant, brokeGlass, obligations } = decision
  return {
    effect,
    statements,
    ...(denial === undefined ? {} : { denial: recordedDenial(denial) }),
    ...(grant === undefined ? {} : { grant }),
    ...(brokeGlass === undefined ? {} : { brokeGlass: brokeGlass.map(({ statement }) => statement) }),
    ...(obligations.length === 0 ? {} : { masks: obligations.map(({ from }) => from) }),
  }
}

/** A message that came to no decision. */
export function recordedRefusal({ code, message }: GateError): RecordedDecision {
  return { effect: 'deny', statements: [], denial: { kind: 'refused', code, reason: message } }
}

/** Whose session was ended is as good as a stranger: nothing else keeps them from trying for ever. */
export function isStranger(principal: Principal | undefined, { code }: GateError): boolean {
  return principal === undefined || code === 'session-revoked'
}

type OutcomeHead = Pick<
  OutcomeEvent,
  'type' | 'id' | 'timeMs' | 'sessionId' | 'decisionId' | 'durationMs' | 'bytesIn' | 'bytesOut'
> &
  Pick<OutcomeEvent, 'status' | 'awsRequestId' | 'error' | 'masked' | 'lease'>

/** When a forwarded message ended and how, but for what is told in its own protocol alone. */
export function recordedOutcome(
  decisionId: string,
  principal: Principal | undefined,
  outcome: Outcome,
  at: { readonly id: string; readonly nowMs: number; readonly startMs: number },
): OutcomeHead {
  return {
    type: 'outcome',
    id: at.id,
    timeMs: at.nowMs,
    ...(principal ? { sessionId: principal.sessionId } : {}),
    decisionId,
    durationMs: at.nowMs - at.startMs,
    bytesIn: outcome.bytesIn,
    bytesOut: outcome.bytesOut,
    ...(outcome.status === undefined ? {} : { status: outcome.status }),
    ...(outcome.upstreamRequestId === undefined ? {} : { awsRequestId: outcome.upstreamRequestId }),
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
    ...(outcome.masked === undefined ? {} : { masked: outcome.masked }),
    ...(outcome.lease === undefined ? {} : { lease: outcome.lease }),
  }
}

function recordedDenial({ kind, reason, code, requestId }: Denial): NonNullable<DecisionEvent['denial']> {
  return {
    kind,
    reason,
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
  }
}

export function recordedPrincipal(principal: Principal): RecordedPrincipal {
  return {
    arn: principal.arn,
    roleArn: principal.roleArn,
    issuer: principal.issuer,
    subject: principal.subject,
    actingFor: principal.actingFor,
    ...(principal.sourceIdentity === undefined ? {} : { sourceIdentity: principal.sourceIdentity }),
  }
}
