/** Access requests as the control API shows them: what is not named here is not shown. */

import type {
  ApprovalView,
  CallView,
  DemandView,
  MayView,
  RequesterView,
  RequestView,
} from '../contract/approvals.ts'
import type { AccessRequest, Approval, RequestedCall, Requester } from '../grants/model.ts'

/** The request for one who may read it. `parameters` are left out of lists: what was opened was seen. */
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
    ...counted('uses', uses),
    validForMs: request.validForMs,
    askedAtMs: request.askedAtMs,
    openUntilMs: request.openUntilMs,
    approvals: request.approvals.map(approvalView),
    ...(grant !== undefined && {
      grant: {
        ...counted('uses', grant.uses),
        ...counted('usesLeft', grant.usesLeft),
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

/** A number of uses that nobody can spend within any time says only that the time is the limit. */
const COUNTED_BELOW = 1_000_000_000

function counted<Name extends string>(name: Name, uses: number): { readonly [member in Name]?: number } {
  return uses < COUNTED_BELOW ? ({ [name]: uses } as { [member in Name]: number }) : {}
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

function callView(call: RequestedCall, inFull: boolean): CallView {
  const { service, operation, region, commandLine, parameters, pairs, body, resources } = call
  return {
    service,
    operation,
    region,
    commandLine,
    ...(inFull && { parameters }),
    pairs: pairs.map(({ action, resource, certainty }) => ({
      action,
      resource,
      exact: certainty === 'exact',
    })),
    ...(body !== undefined && { body }),
    resources: resources.map(({ resource, facts }) => ({ resource, facts })),
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
