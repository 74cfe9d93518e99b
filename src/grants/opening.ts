import type { Demand } from '../core/decision.ts'
import type { JsonObject } from '../core/json.ts'
import type { AccessRequest, RequestedCall, Requester } from './model.ts'

/** An access request as it begins, for whoever reads the journal alone: all that was asked, and of whom. */
export function openingOf(request: AccessRequest): JsonObject {
  const { id, kind, digest, requester, call, scope, reason, demands, brokeGlass } = request
  return {
    id,
    kind,
    digest,
    requester: requesterOf(requester),
    ...(call && { call: callOf(call) }),
    ...(scope && { scope: { actions: scope.actions, resources: scope.resources } }),
    ...(reason !== undefined && { reason }),
    demands: demands.map(demandOf),
    uses: request.uses,
    validForMs: request.validForMs,
    openUntilMs: request.openUntilMs,
    ...(brokeGlass && { brokeGlass }),
  }
}

function requesterOf(requester: Requester): JsonObject {
  const { arn, roleArn, account, issuer, subject, sourceIdentity, actingFor, knownAs } = requester
  return {
    arn,
    roleArn,
    account,
    issuer,
    subject,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    actingFor,
    knownAs,
  }
}

function callOf(call: RequestedCall): JsonObject {
  const { service, operation, region, pairs, body, resources } = call
  const { commandLine, parameters } = call.recorded ?? call
  return {
    service,
    operation,
    region,
    commandLine,
    parameters,
    pairs: pairs.map(({ action, resource, certainty }) => ({ action, resource, certainty })),
    ...(body && { body: { bytes: body.bytes, ...(body.sha256 !== undefined && { sha256: body.sha256 }) } }),
    resources: resources.map(({ resource, facts }) => ({ resource, facts })),
  }
}

function demandOf({ statement, from, count, validForMs, uses }: Demand): JsonObject {
  const { policy, statement: name, reason } = statement
  return { policy, statement: name, ...(reason !== undefined && { reason }), from, count, validForMs, uses }
}
