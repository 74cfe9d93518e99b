import { asGateError, GateError } from '../../core/errors.ts'
import { writeStsResponse } from '../../identity/sts/response.ts'
import { interpretCall } from '../../interpret/aws/interpret.ts'
import { type Route, routeCall } from '../../interpret/aws/route.ts'
import type { Incoming } from '../../listener/server.ts'
import type { HttpRequest } from '../../wire/http/messages.ts'
import { type CallerFacts, connectionContext } from '../context.ts'
import { EMPTY_BODY, readWhole } from './body.ts'
import { continueIfAsked, hasBody, hostOf, readHead } from './identify.ts'
import { sendWhole } from './reply.ts'
import type { AwsRooms } from './rooms.ts'
import { sendRefusal } from './send-refusal.ts'

/** The one operation that the gate takes unsigned: its proof is the token in it. */
const OPERATION = 'AssumeRoleWithWebIdentity'
/** A token has 16 KB at most, a session policy 2 KB. */
const MAX_BODY_BYTES = 65_536

/** True for an unsigned form or query, which can only be an exchange of a token. */
export function wantsToken({ head, request }: Incoming): boolean {
  if (request.headers.authorization !== undefined) return false
  if (head.method === 'GET')
    return head.target.startsWith('/?') && head.target.includes(`Action=${OPERATION}`)
  const type = request.headers['content-type'] ?? ''
  return head.method === 'POST' && head.target === '/' && type.startsWith('application/x-www-form-urlencoded')
}

/**
 * Exchanges an identity token for credentials of the gate. The session is in the journal before its
 * credentials leave; whatever is refused is recorded, too.
 */
export async function exchangeToken(
  eventId: string,
  incoming: Incoming,
  facts: CallerFacts,
  rooms: AwsRooms,
): Promise<void> {
  let route: Route | undefined
  try {
    const request = readHead(incoming)
    route = routeToken(request, incoming, rooms)
    const body = await readForm(request, incoming, rooms)
    if (route.resolve !== undefined) route = route.resolve(body)
    const { operation, parameters } = interpretCall(
      rooms.catalog,
      route,
      body.length > 0 ? body : undefined,
      {
        account: '000000000000',
        partition: rooms.partition,
      },
    )
    if (operation !== OPERATION) {
      throw new GateError('signature-missing', `\`sts:${operation}\` is not signed`)
    }
    const context = connectionContext(facts, rooms.clock)
    const assumed = await rooms.sts.assumeRoleWithWebIdentity({ parameters, context })
    await rooms.recorder.session(eventId, assumed, facts)
    sendWhole(incoming.response, writeStsResponse(assumed, eventId), eventId)
  } catch (failure) {
    const error = asGateError(failure)
    if (error.cause !== undefined) rooms.observer.trouble(eventId, error)
    await recordRefusal(eventId, incoming, facts, error, rooms)
    sendRefusal(incoming, { eventId, error }, route)
  }
}

function routeToken(request: HttpRequest, incoming: Incoming, rooms: AwsRooms): Route {
  const proxied = incoming.facts.proxyHost !== undefined
  return routeCall(rooms.catalog, incoming.head, {
    signingName: 'sts',
    region: 'us-east-1',
    signedHeaders: new Set(),
    presigned: false,
    host: hostOf(request),
    wayIn: proxied ? { kind: 'proxy' } : { kind: 'endpoint', baseDomains: rooms.domains },
  })
}

async function readForm(request: HttpRequest, incoming: Incoming, rooms: AwsRooms): Promise<Buffer> {
  if (!hasBody(request)) return EMPTY_BODY.bytes
  continueIfAsked(incoming)
  const body = await readWhole(incoming.request, request.contentLength, MAX_BODY_BYTES, rooms.budget)
  // Small, and gone as soon as it is read: the budget needs not to hold it longer.
  body.release()
  return body.bytes
}

async function recordRefusal(
  eventId: string,
  incoming: Incoming,
  facts: CallerFacts,
  error: GateError,
  rooms: AwsRooms,
): Promise<void> {
  try {
    await rooms.recorder.refusal(eventId, {}, facts, error, { method: incoming.head.method, path: '/' })
  } catch (unrecorded) {
    rooms.observer.trouble(eventId, asGateError(unrecorded))
  }
}
