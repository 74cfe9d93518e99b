import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import { issueExpressSession } from '../../identity/express.ts'
import { writeStsResponse } from '../../identity/sts/response.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import type { CallerFacts } from '../context.ts'
import { connectionContext } from '../context.ts'
import { writeExpressSession } from './express.ts'
import type { WholeReply } from './reply.ts'
import type { AwsRooms } from './rooms.ts'

/** A call that the gate answers itself, once it has been decided. */
export type LocalAnswer = (eventId: string) => Promise<WholeReply>

/** STS operations that hand out credentials of AWS itself: nobody may hold such behind the gate. */
const HANDS_OUT_CREDENTIALS: ReadonlySet<string> = new Set([
  'AssumeRole',
  'AssumeRoleWithSAML',
  'AssumeRoleWithWebIdentity',
  'AssumeRoot',
  'GetDelegatedAccessToken',
  'GetFederationToken',
  'GetSessionToken',
])

/** True for the call that IAM allows to everybody and that no policy can deny. */
export function isCallerIdentity(call: AwsCall): boolean {
  return call.service === 'sts' && call.operation === 'GetCallerIdentity'
}

/**
 * How the gate answers the call itself; undefined where it is AWS's to answer. Throws
 * `credentials-would-leave` for a call whose answer would be credentials that work without the gate.
 */
export function localAnswer(
  call: AwsCall,
  principal: Principal,
  facts: CallerFacts,
  rooms: AwsRooms,
): LocalAnswer | undefined {
  if (call.service === 's3' && call.operation === 'CreateSession')
    return expressSession(call, principal, rooms)
  if (call.service !== 'sts') return undefined
  if (isCallerIdentity(call)) {
    return async eventId => writeStsResponse(rooms.sts.getCallerIdentity(principal), eventId)
  }
  if (call.operation === 'AssumeRole' && rooms.roles.has(String(call.parameters['RoleArn']))) {
    return async eventId => {
      const context = connectionContext(facts, rooms.clock)
      const assumed = rooms.sts.assumeRole(principal, { parameters: call.parameters, context })
      await rooms.recorder.session(rooms.recorder.newEventId(), assumed, facts)
      return writeStsResponse(assumed, eventId)
    }
  }
  if (!HANDS_OUT_CREDENTIALS.has(call.operation)) return undefined
  throw new GateError(
    'credentials-would-leave',
    `\`sts:${call.operation}\` would hand out credentials that work without the gate`,
  )
}

function expressSession(call: AwsCall, principal: Principal, rooms: AwsRooms): LocalAnswer {
  return async () => {
    const bucket = String(call.parameters['Bucket'])
    const mode = call.parameters['SessionMode'] ?? 'ReadWrite'
    return writeExpressSession(issueExpressSession(rooms.credentials, rooms.clock, principal, bucket, mode))
  }
}
