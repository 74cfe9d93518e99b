import type { JsonObject } from '../core/json.ts'
import { UNCOUNTED_USES } from '../grants/limits.ts'
import type { AccessRequest, Grant, RequestEvent } from '../grants/model.ts'

/** Characters of a command line, and entries of a list, that a message holds at most. */
const LONGEST = 16_000
const MOST = 50

/**
 * The body of a webhook, as docs/notifications.md describes it. Parameters are left out altogether, also
 * redacted ones: the command line tells them to people, and a receiver that acts upon them asks the API.
 */
export function webhookPayload(
  event: RequestEvent,
  request: AccessRequest,
  link: string | undefined,
): JsonObject {
  return {
    type: `access-request.${event.what}`,
    timestamp: new Date(event.timeMs).toISOString(),
    data: {
      event: {
        ...known({ by: event.by, name: event.name, reason: event.reason, decisionId: event.decisionId }),
        state: event.state,
        ...known({
          usesLeft: request.uses >= UNCOUNTED_USES ? undefined : event.usesLeft,
          expiresAt: isoOf(event.expiresAtMs),
        }),
      },
      request: requestData(request, link),
    },
  }
}

/** The request as it stands now. */
function requestData(request: AccessRequest, link: string | undefined): JsonObject {
  const { requester, call, scope, grant } = request
  return {
    id: request.id,
    kind: request.kind,
    state: request.state,
    digest: request.digest,
    brokeGlass: request.brokeGlass ?? false,
    ...known({ reason: request.reason, link }),
    requester: {
      issuer: requester.issuer,
      subject: requester.subject,
      arn: requester.arn,
      role: requester.roleArn,
      account: requester.account,
      actingFor: [...requester.actingFor],
      ...known({ sourceIdentity: requester.sourceIdentity }),
    },
    ...(call === undefined ? {} : { call: callData(call) }),
    ...(scope === undefined
      ? {}
      : { scope: { actions: [...scope.actions], resources: [...scope.resources] } }),
    demands: request.demands.map(({ statement, from, count }) => ({
      policy: statement.policy,
      statement: statement.statement,
      ...known({ reason: statement.reason }),
      from: [...from],
      count,
    })),
    approvals: request.approvals.map(({ by, name, atMs, comment }) => ({
      by,
      name,
      at: iso(atMs),
      ...known({ comment }),
    })),
    askedAt: iso(request.askedAtMs),
    openUntil: iso(request.openUntilMs),
    ...(grant === undefined ? {} : { grant: { ...counted(grant), expiresAt: iso(grant.expiresAtMs) } }),
  }
}

/** Nothing where the time is the only limit. */
function counted({ uses, usesLeft }: Grant): JsonObject {
  return uses >= UNCOUNTED_USES ? {} : { uses, usesLeft }
}

function callData(call: NonNullable<AccessRequest['call']>): JsonObject {
  return {
    service: call.service,
    operation: call.operation,
    region: call.region,
    commandLine: call.commandLine.slice(0, LONGEST),
    /** Whether something is missing from what is here: then the API has the whole. */
    cut: call.commandLine.length > LONGEST || call.pairs.length > MOST || call.resources.length > MOST,
    pairs: call.pairs.slice(0, MOST).map(({ action, resource }) => ({ action, resource })),
    resources: call.resources.slice(0, MOST).map(({ resource, facts }) => ({ resource, facts })),
    ...(call.body === undefined ? {} : { body: { ...call.body } }),
  }
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString()
const isoOf = (timeMs: number | undefined): string | undefined =>
  timeMs === undefined ? undefined : iso(timeMs)

/** Without the members that are not known. */
function known(members: Readonly<Record<string, string | number | undefined>>): JsonObject {
  const present: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) present[name] = value
  return present
}
