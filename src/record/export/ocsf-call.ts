import type { JsonObject } from '../../core/json.ts'
import type { DecisionEvent, OutcomeEvent, RecordedCall } from '../event.ts'
import { whyWithheld } from '../seal/withheld.ts'
import {
  type CallEntry,
  type EndingWord,
  endingWord,
  errorCodeOf,
  gateFacts,
  outcomeOf,
  present,
  whoFacts,
} from './call.ts'
import { type Activity, type ApiFacts, activityOf } from './facts.ts'
import {
  API_ACTIVITY,
  actorOf,
  type Choice,
  cloudOf,
  endpointOf,
  headOf,
  type OcsfClass,
  other,
  SEVERITY,
  STATUS,
} from './ocsf-base.ts'
import { sqlFacts } from './sql.ts'

const ACTIVITIES: Readonly<Record<Activity, Choice>> = {
  create: [1, 'Create'],
  read: [2, 'Read'],
  update: [3, 'Update'],
  delete: [4, 'Delete'],
}
const UNKNOWN_ACTIVITY: Choice = [0, 'Unknown']

const STATUSES: Readonly<Record<EndingWord, Choice>> = {
  denied: STATUS.failure,
  done: STATUS.success,
  failed: STATUS.failure,
  // AWS may have carried it out; nobody knows.
  lost: other('Lost'),
  open: STATUS.unknown,
  later: STATUS.unknown,
  shredded: STATUS.unknown,
  sealed: STATUS.unknown,
}

/** Methods that the schema has; what else a stranger may have sent is in `unmapped`. */
const METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
])

/** API Activity: a decision together with how the call ended. https://schema.ocsf.io/1.6.0/classes/api_activity */
export function callEvent(entry: CallEntry, facts: ApiFacts): JsonObject {
  const { decision, ending } = entry
  const { call } = decision
  const outcome = outcomeOf(ending)
  const activity = call === undefined ? UNKNOWN_ACTIVITY : ACTIVITIES[activityOf(call, facts)]
  return present({
    ...callMembers(entry, { class: API_ACTIVITY, activity }),
    api: apiOf(decision, outcome, facts),
    http_request: httpRequest(decision),
    http_response: outcome?.status === undefined ? undefined : { code: outcome.status },
    resources: call === undefined ? undefined : resourcesOf(call),
  })
}

/** What calls and statements have in common: who, from where, what was decided and by what, and how it ended. */
export function callMembers(
  { decision, ending }: CallEntry,
  kind: { readonly class: OcsfClass; readonly activity: Choice },
): JsonObject {
  const { call, principal } = decision
  const outcome = outcomeOf(ending)
  return present({
    ...headOf({
      ...kind,
      severity: severityOf(decision),
      status: STATUSES[endingWord(ending)],
      id: decision.id,
      timeMs: decision.timeMs,
      sessionId: decision.sessionId,
      message: messageOf(decision),
      profiles: ['security_control'],
      truncated: call?.truncated === true,
    }),
    ...statusDetail(decision, outcome),
    ...security(decision),
    ...timing(decision, outcome),
    actor: actorOf(principal, decision.sessionId),
    src_endpoint: endpointOf(decision.clientAddress),
    cloud: cloudOf(principal, call?.region),
    unmapped: present({
      ...gateFacts(decision, ending),
      ...sqlFacts(call, outcome),
      ...(call?.sql === undefined ? {} : { parameters: call.parameters }),
      principal: principal && whoFacts(principal),
      bytes_in: outcome?.bytesIn,
      bytes_out: outcome?.bytesOut,
      outcome_uid: outcome?.id,
    }),
  })
}

function severityOf({ brokeGlass, effect }: DecisionEvent): Choice {
  if (brokeGlass !== undefined) return SEVERITY.high
  return effect === 'deny' ? SEVERITY.low : SEVERITY.informational
}

function messageOf(decision: DecisionEvent): string {
  const { call, effect, denial, target } = decision
  const withheld = whyWithheld(decision)
  const request = withheld === undefined ? 'a request' : `a request, ${withheld},`
  const what = call === undefined ? (target?.method ?? request) : `${call.operation} of ${call.service}`
  return effect === 'allow' ? `${what} allowed` : `${what} denied: ${denial?.reason ?? 'no reason recorded'}`
}

function statusDetail({ denial }: DecisionEvent, outcome: OutcomeEvent | undefined): JsonObject {
  if (denial !== undefined) return { status_code: denial.code ?? denial.kind, status_detail: denial.reason }
  const code = outcome && errorCodeOf(outcome)
  return code === undefined ? {} : { status_code: code }
}

/** The profile `security_control`: what the gate did, and by which statements. */
function security(decision: DecisionEvent): JsonObject {
  const { effect, grant, statements } = decision
  const [disposition, caption] = effect === 'deny' ? [2, 'Blocked'] : grant ? [8, 'Approved'] : [1, 'Allowed']
  return present({
    action_id: effect === 'allow' ? 1 : 2,
    action: effect === 'allow' ? 'Allowed' : 'Denied',
    disposition_id: disposition,
    disposition: caption,
    authorizations:
      statements.length === 0
        ? undefined
        : statements.map(({ policy, statement, effect: decided, reason }) => ({
            decision: decided,
            policy: present({ name: policy, uid: `${policy}#${statement}`, desc: reason, is_applied: true }),
          })),
  })
}

function timing({ timeMs }: DecisionEvent, outcome: OutcomeEvent | undefined): JsonObject {
  if (outcome === undefined) return { start_time: timeMs }
  return { start_time: timeMs, end_time: outcome.timeMs, duration: Math.round(outcome.durationMs) }
}

function apiOf(
  { call, id, target }: DecisionEvent,
  outcome: OutcomeEvent | undefined,
  facts: ApiFacts,
): JsonObject {
  const request = present({ uid: outcome?.awsRequestId ?? id, data: call?.parameters })
  const response = outcome && responseOf(outcome)
  if (call === undefined) return present({ operation: target?.method ?? 'Unknown', request, response })
  const { operation, service } = call
  const names = present({ name: service, uid: facts.signingName(service) })
  return present({ operation, service: names, request, response })
}

function responseOf(outcome: OutcomeEvent): JsonObject {
  const flags = outcome.masked === undefined ? undefined : ['masked']
  return present({ code: outcome.status, error: errorCodeOf(outcome), flags })
}

function httpRequest({ userAgent, target }: DecisionEvent): JsonObject | undefined {
  if (userAgent === undefined && target === undefined) return undefined
  return present({
    user_agent: userAgent,
    http_method: target && METHODS.has(target.method) ? target.method : undefined,
    url: target && { path: target.path },
  })
}

function resourcesOf(call: RecordedCall): JsonObject[] | undefined {
  const found = new Map<string, JsonObject>()
  for (const { resource, certainty } of call.pairs) {
    if (resource === '*') continue
    found.set(resource, {
      uid: resource,
      role_id: 1,
      role: 'Target',
      ...(certainty === 'any' ? { labels: ['not known exactly'] } : {}),
    })
  }
  return found.size === 0 ? undefined : [...found.values()]
}

/** An outcome whose call was exported long before it: by its session and the call's id. */
export function outcomeEvent(outcome: OutcomeEvent): JsonObject {
  const failed = errorCodeOf(outcome)
  return present({
    ...headOf({
      class: API_ACTIVITY,
      activity: UNKNOWN_ACTIVITY,
      severity: SEVERITY.informational,
      status: failed === undefined ? STATUS.success : STATUS.failure,
      id: outcome.id,
      timeMs: outcome.timeMs,
      sessionId: outcome.sessionId,
      message: `how the call ${outcome.decisionId} ended, which was exported before`,
    }),
    status_code: failed,
    actor: {
      user: { name: 'unknown', type_id: 0, type: 'Unknown' },
      ...(outcome.sessionId === undefined ? {} : { session: { uid: outcome.sessionId } }),
    },
    api: {
      operation: 'Unknown',
      request: { uid: outcome.awsRequestId ?? outcome.decisionId },
      response: responseOf(outcome),
    },
    src_endpoint: { name: 'unknown' },
    cloud: cloudOf(undefined),
    http_response: outcome.status === undefined ? undefined : { code: outcome.status },
    unmapped: present({
      decision_uid: outcome.decisionId,
      masked: outcome.masked && { ...outcome.masked },
      lease: outcome.lease,
      bytes_in: outcome.bytesIn,
      bytes_out: outcome.bytesOut,
    }),
  })
}
