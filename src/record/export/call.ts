import type { Json, JsonObject } from '../../core/json.ts'
import type { Ending, Entry } from '../calls.ts'
import type { DecisionEvent, OutcomeEvent, RecordedPrincipal } from '../event.ts'
import { type Withheld, whyWithheld } from '../seal/withheld.ts'
import { hasFailed } from '../sessions.ts'

export type CallEntry = Extract<Entry, { kind: 'call' }>

/** How a call ended, in one word that every format has. */
export type EndingWord = 'denied' | 'done' | 'failed' | 'lost' | 'open' | 'later' | Withheld

export function endingWord(ending: Ending): EndingWord {
  if (ending.kind !== 'outcome') return ending.kind
  const withheld = whyWithheld(ending.outcome)
  if (withheld !== undefined) return withheld
  return hasFailed(ending.outcome) ? 'failed' : 'done'
}

export function outcomeOf(ending: Ending): OutcomeEvent | undefined {
  return ending.kind === 'outcome' ? ending.outcome : undefined
}

/** What a failed outcome is called: AWS's code or the gate's, or the bare status; undefined where it did not fail. */
export function errorCodeOf(outcome: OutcomeEvent): string | undefined {
  if (!hasFailed(outcome)) return undefined
  return outcome.error ?? (outcome.status === undefined ? 'no-reply' : `HTTP ${outcome.status}`)
}

/** A JSON object of what is there: members that are undefined are left out. */
export function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((member): member is [string, Json] => member[1] !== undefined),
  )
}

/** A copy of recorded data as plain JSON: without the members that are undefined. */
export function asJson(value: object): JsonObject {
  return present(value as Readonly<Record<string, Json | undefined>>)
}

/** Everything of a decision and its outcome that other formats have no field for. */
export function gateFacts(decision: DecisionEvent, ending: Ending): JsonObject {
  const { call, denial, grant, brokeGlass, masks, target } = decision
  const outcome = outcomeOf(ending)
  return present({
    decision: decision.effect,
    withheld: whyWithheld(decision),
    ending: endingWord(ending),
    statements: decision.statements.map(asJson),
    denial: denial && asJson(denial),
    grant: grant && asJson(grant),
    brokeGlass: brokeGlass?.map(asJson),
    masks: masks?.map(asJson),
    masked: outcome?.masked && asJson(outcome.masked),
    lease: outcome?.lease,
    target: target && asJson(target),
    pairs: call?.pairs.map(asJson),
    ...cutFacts(decision),
  })
}

/** What of the parameters was redacted or cut; empty where they are whole. */
export function cutFacts({ call }: DecisionEvent): JsonObject {
  if (call === undefined) return {}
  return {
    ...(call.redacted.length > 0 ? { redactedParameters: call.redacted } : {}),
    ...(call.truncated ? { parametersTruncated: true } : {}),
  }
}

/** Who it was, beyond what an ARN says. */
export function whoFacts(principal: RecordedPrincipal): JsonObject {
  const { issuer, subject, sourceIdentity, actingFor } = principal
  return present({
    issuer,
    subject,
    sourceIdentity,
    ...(actingFor.length === 0 ? {} : { actingFor }),
  })
}
