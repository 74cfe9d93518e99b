import type { Demand } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { CallQuestion } from '../../grants/desk.ts'
import { callDigest } from '../../grants/digest.ts'
import type { StreamedBody } from '../../grants/model.ts'
import { withoutIdempotencyTokens } from '../../interpret/aws/idempotency.ts'
import { commandLine } from '../../record/command-line.ts'
import type { ApprovalCase } from '../approval.ts'
import { mergeContexts, timeContext } from '../context.ts'
import { requesterOf } from '../requester.ts'
import { resourceFacts } from './look-up.ts'
import { decideMasked } from './masking.ts'
import type { AwsQuestion } from './question.ts'
import { shownCall } from './recorder.ts'
import type { AwsRooms } from './rooms.ts'

/** An AWS call that people may have to approve. */
export function approvalCase(
  eventId: string,
  { call, body, request }: AwsQuestion,
  rooms: AwsRooms,
  { hold, checkSession }: Pick<ApprovalCase, 'hold'> & { checkSession(): void },
): ApprovalCase {
  const { principal } = request
  return {
    eventId,
    question: demands => callQuestion({ call, body, request }, demands, rooms),
    decideAgain: () => {
      const context = mergeContexts(request.context, timeContext(rooms.clock))
      return decideMasked({ call, body, request: { ...request, context } }, rooms)
    },
    checkAlive: () => {
      checkSession()
      if (rooms.clock.now() < principal.expiresAtMs) return
      throw new GateError(
        'credentials-expired',
        'the credentials expired while the call waited for an approval',
      )
    },
    hold,
  }
}

function callQuestion(question: AwsQuestion, demands: readonly Demand[], rooms: AwsRooms): CallQuestion {
  const { call, body, request } = question
  const { catalog, approvals } = rooms
  const requester = requesterOf(approvals.digestKey, request.principal)
  const pairs = call.pairs.map(({ action, resource, certainty }) => ({ action, resource, certainty }))
  return {
    digest: callDigest(approvals.digestKey, {
      principalKey: requester.principalKey,
      roleArn: requester.roleArn,
      account: requester.account,
      region: call.region,
      service: call.service,
      operation: call.operation,
      parameters: withoutIdempotencyTokens(catalog, call),
      ...(body === undefined ? {} : { body: digestedBody(body) }),
    }),
    requester,
    demands,
    pairs,
    async describe() {
      const shown = shownCall(call)
      return {
        service: call.service,
        operation: call.operation,
        region: call.region,
        commandLine: commandLine(shown),
        parameters: shown.parameters,
        pairs,
        ...(body === undefined ? {} : { body }),
        resources: await resourceFacts(question, rooms),
      }
    },
  }
}

function digestedBody({ bytes, sha256 }: StreamedBody): { readonly bytes: number; readonly sha256: string } {
  return { bytes, sha256: sha256 ?? '' }
}
