import type { HttpHead } from '../../core/http.ts'
import type { Route } from '../../interpret/aws/route.ts'
import type { Incoming } from '../../listener/server.ts'
import type { Refusal } from '../exchange.ts'
import { type Told, writeRefusal } from './refusal/reply.ts'
import { type Dialect, faultOf, queryCode, serviceWording, stsCode } from './refusal/wire-code.ts'
import { sendWhole } from './reply.ts'

/** What of an unwanted body is read on after the refusal, so that the client gets to read the reply. */
const DRAIN_BYTES = 1 << 20
const DRAIN_MS = 2_000

/** Tells the client why not. Never throws. */
export function sendRefusal(incoming: Incoming, refusal: Refusal, route: Route | undefined): void {
  const { response, request } = incoming
  // The reply is out already; what failed came after it.
  if (response.writableEnded) return
  if (response.headersSent || response.destroyed) {
    // Half a reply is on its way: a broken connection is the only error that is left.
    response.destroy()
    return
  }
  const dialect = dialectOf(incoming.head, route)
  const unread = !request.complete
  if (unread) response.setHeader('connection', 'close')
  sendWhole(response, writeRefusal(dialect, toldOf(dialect, refusal, route)), refusal.eventId)
  if (unread) drain(incoming)
}

function toldOf(dialect: Dialect, refusal: Refusal, route: Route | undefined): Told {
  const { eventId } = refusal
  const service = route?.candidates[0]?.service
  const common = { eventId, ...(service?.xmlNamespace ? { xmlNamespace: service.xmlNamespace } : {}) }
  if ('decision' in refusal) {
    const reason = refusal.decision.denial?.reason ?? 'no statement allows it'
    return {
      ...common,
      ...serviceWording(dialect, 'denied', service?.id),
      ...queryCode('denied', service?.id),
      sender: true,
      message: `Sallyport: ${reason} (event ${eventId})`,
    }
  }
  const { error } = refusal
  const fault = faultOf(error.code)
  const found = serviceWording(dialect, fault, service?.id)
  const ofSts = dialect === 'query' ? stsCode(error.code) : undefined
  return {
    ...common,
    ...queryCode(fault, service?.id),
    code: ofSts ?? found.code,
    status: ofSts === undefined ? found.status : error.status,
    sender: fault !== 'internal' && fault !== 'unavailable',
    message: `Sallyport: ${error.message}. ${error.advice} (${error.code}, event ${eventId})`,
  }
}

/** The dialect of the service; where the call was not understood so far, of what it looks like. */
function dialectOf(head: HttpHead, route: Route | undefined): Dialect {
  const service = route?.candidates[0]?.service
  if (service?.id === 's3') return 's3'
  const protocol = route?.protocol
  if (protocol === 'smithy-rpc-v2-cbor') return 'cbor'
  return protocol ?? guess(head)
}

function guess({ headers, target }: HttpHead): Dialect {
  const value = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? ''
  if (value('smithy-protocol') !== '') return 'cbor'
  if (value('x-amz-target') !== '') return 'json'
  const signedFor = /Credential=[^/]{1,128}\/\d{8}\/[^/]{1,64}\/([a-z0-9-]{1,64})\//.exec(
    value('authorization'),
  )?.[1]
  if (signedFor === 's3' || signedFor === 's3express' || value('x-amz-content-sha256') !== '') return 's3'
  if (signedFor === 'ec2') return 'ec2'
  const form = value('content-type').startsWith('application/x-www-form-urlencoded')
  if (form || /[?&]Action=/.test(target)) return 'query'
  return signedFor === undefined ? 's3' : 'rest-json'
}

/** Reads a little of what the client still sends, then ends the connection. */
function drain({ request, response }: Incoming): void {
  let bytes = 0
  const end = (): void => {
    clearTimeout(timer)
    request.destroy()
  }
  const timer = setTimeout(end, DRAIN_MS)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DRAIN_BYTES) end()
  })
  request.once('end', () => clearTimeout(timer))
  request.once('close', () => clearTimeout(timer))
  response.once('close', () => clearTimeout(timer))
  request.resume()
}
