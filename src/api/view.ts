/** Access requests as the control API shows them: what is not named here is not shown. */

import type {
  ApprovalView,
  CallView,
  DemandView,
  MayView,
  RequesterView,
  RequestView,
} from '../contract/approvals.ts'
import { UNCOUNTED_USES } from '../grants/limits.ts'
import type { AccessRequest, Approval, RequestedCall, Requester } from '../grants/model.ts'

/** The request for one who may read it; in a list not `inFull`, as only what was opened counts as shown. */
export function viewOf(request: AccessRequest, may: MayView, inFull: boolean): RequestView {
  const { requester, call, scope, reason, grant, ended, uses } = request
  return {
    id: request.id,
    kind: request.kind,
    state: request.state,
    version: request.version,
    digest: request.digest,
    role: { arn: requester.roleArn, account: requester.account },
    requester: requesterView(requester),
    ...(call !== undefined && { call: callView(call, inFull) }),
    ...(scope !== undefined && { scope: { actions: scope.actions, resources: scope.resources } }),
    ...(reason !== undefined && { reason }),
    demands: demandViews(request),
    ...(isCounted(uses) && { uses }),
    validForMs: request.validForMs,
    askedAtMs: request.askedAtMs,
    openUntilMs: request.openUntilMs,
    approvals: request.approvals.map(approvalView),
    ...(grant !== undefined && {
      grant: {
        ...(isCounted(grant.uses) && { uses: grant.uses, usesLeft: grant.usesLeft }),
        fromMs: grant.fromMs,
        expiresAtMs: grant.expiresAtMs,
      },
    }),
    ...(ended !== undefined && {
      ended: {
        by: ended.by,
        name: ended.name,
        atMs: ended.atMs,
        ...(ended.reason !== undefined && { reason: ended.reason }),
      },
    }),
    brokeGlass: request.brokeGlass === true,
    may,
  }
}

/** Of standing access that no count limits, no count is shown. */
function isCounted(uses: number): boolean {
  return uses < UNCOUNTED_USES
}

function requesterView(requester: Requester): RequesterView {
  const { arn, sessionId, issuer, subject, sourceIdentity, actingFor } = requester
  return {
    arn,
    sessionId,
    issuer,
    subject,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    actingFor,
  }
}

/** In a list, of a large call only so much: a page of them must not be a hundred times the largest. */
const LISTED_CHARS = 1_000
const LISTED_PAIRS = 20

function callView(call: RequestedCall, inFull: boolean): CallView {
  const { service, operation, region, commandLine, parameters, body } = call
  const isCut = !inFull && commandLine.length > LISTED_CHARS
  const most = inFull ? Number.POSITIVE_INFINITY : LISTED_PAIRS
  return {
    service,
    operation,
    region,
    commandLine: isCut ? `${commandLine.slice(0, LISTED_CHARS).toWellFormed()}…` : commandLine,
    ...(inFull && { parameters }),
    pairs: call.pairs
      .slice(0, most)
      .map(({ action, resource, certainty }) => ({ action, resource, exact: certainty === 'exact' })),
    ...(body !== undefined && { body }),
    resources: call.resources.slice(0, most).map(({ resource, facts }) => ({ resource, facts })),
  }
}

function demandViews({ demands, approvals }: AccessRequest): readonly DemandView[] {
  return demands.map(({ statement, from, count }, number) => ({
    policy: statement.policy,
    statement: statement.statement,
    ...(statement.reason !== undefined && { reason: statement.reason }),
    from,
    count,
    approvals: approvals.filter(approval => approval.demands.includes(number)).length,
  }))
}

function approvalView({ by, name, atMs, uses, validForMs, comment }: Approval): ApprovalView {
  return {
    by,
    name,
    atMs,
    ...(uses !== undefined && { uses }),
    ...(validForMs !== undefined && { validForMs }),
    ...(comment !== undefined && { comment }),
  }
}
