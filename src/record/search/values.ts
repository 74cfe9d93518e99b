import type { Json, JsonObject } from '../../core/json.ts'
import type { Entry } from '../calls.ts'
import type { AccessRequestEvent, DecisionEvent, OutcomeEvent, RecordedPrincipal } from '../event.ts'
import type { TextKey } from './query.ts'

/** What a search finds: everything in a recording but outcomes, which belong to their calls, and ends of sessions. */
export type Findable = Exclude<Entry, { readonly kind: 'outcome' | 'end' }>

/** Deepest nesting that is looked into; the gate records nothing that is deeper. */
const MAX_DEPTH = 64

/** The values that an entry has for a key; a term holds if its pattern fits one of them. */
export function valuesOf(entry: Findable, key: TextKey): readonly string[] {
  if (key === 'type') return [entry.kind]
  switch (entry.kind) {
    case 'call':
      return ofCall(entry, key)
    case 'session':
      return ofSession(entry.session, key)
    case 'access-request':
      return ofAccessRequest(entry.event, key)
  }
}

function ofCall({ decision, ending }: Extract<Findable, { kind: 'call' }>, key: TextKey): readonly string[] {
  const { call, denial, grant } = decision
  const outcome = ending.kind === 'outcome' ? ending.outcome : undefined
  switch (key) {
    case 'session':
      return some(decision.sessionId)
    case 'principal':
    case 'role':
      return decision.principal === undefined ? [] : ofPrincipal(decision.principal, key)
    case 'service':
      return some(call?.service)
    case 'operation':
      return some(call?.operation)
    case 'action':
      return (call?.pairs ?? []).map(({ action }) => action)
    case 'resource':
      return (call?.pairs ?? []).map(({ resource }) => resource)
    case 'effect':
      return [decision.effect, ...some(denial?.kind)]
    case 'statement':
      return statementsOf(decision)
    case 'error':
      return [...some(denial?.code), ...some(outcome?.error)]
    case 'status':
      return outcome?.status === undefined ? [] : [String(outcome.status)]
    case 'address':
      return [decision.clientAddress]
    case 'approval':
      return [...some(denial?.requestId), ...some(grant?.requestId)]
    case 'masked':
      return masksOf(outcome)
    case 'event':
      return [decision.id]
    case 'target':
    case 'database':
    case 'fingerprint':
      return some(call?.sql?.[key])
    case 'text':
      return textsOf([
        call?.parameters ?? null,
        call?.sql?.text ?? null,
        call?.sql?.normalized ?? null,
        decision.userAgent ?? null,
        decision.target?.path ?? null,
        denial?.reason ?? null,
      ])
    default:
      return []
  }
}

function ofSession(
  { sessionId, id, principal, clientAddress, claims }: Extract<Findable, { kind: 'session' }>['session'],
  key: TextKey,
): readonly string[] {
  switch (key) {
    case 'session':
      return some(sessionId)
    case 'principal':
    case 'role':
      return ofPrincipal(principal, key)
    case 'address':
      return [clientAddress]
    case 'event':
      return [id]
    case 'text':
      return textsOf([claims])
    default:
      return []
  }
}

function ofAccessRequest(event: AccessRequestEvent, key: TextKey): readonly string[] {
  const requester = memberOf(event.request, 'requester')
  const call = memberOf(event.request, 'call')
  switch (key) {
    case 'session':
      return some(event.sessionId)
    case 'principal':
      return [requester?.['subject'], requester?.['arn'], requester?.['sourceIdentity'], event.by].filter(
        isText,
      )
    case 'role':
      return roleNames(requester?.['roleArn'])
    case 'service':
    case 'operation':
      return [call?.[key]].filter(isText)
    case 'approval':
      return [event.requestId]
    case 'event':
      return [event.id]
    case 'text':
      return textsOf([memberOf(call, 'parameters') ?? null, event.reason ?? null])
    default:
      return []
  }
}

function ofPrincipal(principal: RecordedPrincipal, key: 'principal' | 'role'): readonly string[] {
  if (key === 'role') return roleNames(principal.roleArn)
  const { subject, arn, sourceIdentity, actingFor } = principal
  return [subject, arn, ...some(sourceIdentity), ...actingFor]
}

/** A role goes by its ARN and by its name. */
function roleNames(arn: Json | undefined): readonly string[] {
  if (!isText(arn)) return []
  return [arn, arn.slice(arn.lastIndexOf('/') + 1)]
}

/** By its name, and by the policy in which it stands. */
function statementsOf({ statements, masks, brokeGlass }: DecisionEvent): readonly string[] {
  return [...statements, ...(masks ?? []), ...(brokeGlass ?? [])].flatMap(({ statement, policy }) => {
    return [statement, policy]
  })
}

function masksOf(outcome: OutcomeEvent | undefined): readonly string[] {
  const masked = outcome?.masked
  return masked === undefined || masked.count === 0 ? ['no'] : ['yes', ...masked.places]
}

/** All texts and numbers in values, and the names of members. */
function textsOf(values: readonly Json[]): readonly string[] {
  const texts: string[] = []
  const walk = (value: Json, depth: number): void => {
    if (typeof value === 'string') texts.push(value)
    else if (typeof value === 'number') texts.push(String(value))
    else if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return
    else if (isList(value)) for (const element of value) walk(element, depth + 1)
    else {
      for (const [name, member] of Object.entries(value)) {
        texts.push(name)
        walk(member, depth + 1)
      }
    }
  }
  for (const value of values) walk(value, 0)
  return texts
}

function some(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value]
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string'
}

function isList(value: JsonObject | readonly Json[]): value is readonly Json[] {
  return Array.isArray(value)
}

function memberOf(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const member = object?.[name]
  if (typeof member !== 'object' || member === null || isList(member)) return undefined
  return member
}
