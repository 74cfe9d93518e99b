import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Decision } from '../../core/decision.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { StreamedBody } from '../../grants/model.ts'
import { principalContext } from '../../identity/context.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import { interpretCall } from '../../interpret/aws/interpret.ts'
import { type Route, routeCall } from '../../interpret/aws/route.ts'
import type { Incoming } from '../../listener/server.ts'
import { againRequest, type ObjectRequest } from '../../mask/objects/object-read.ts'
import type { MaskedReply, MaskPlan, ReadAgainSender } from '../../mask/port.ts'
import { unmaskable } from '../../mask/unmaskable.ts'
import type { RecordedMasks } from '../../record/event.ts'
import type { UpstreamBody, UpstreamReply, UpstreamRequest } from '../../upstream/port.ts'
import { type CallerFacts, connectionContext, mergeContexts } from '../context.ts'
import type { Driver, Held, Outcome, Refusal } from '../exchange.ts'
import { CallBodies, type KeptBodies } from './bodies.ts'
import { EMPTY_BODY, type WholeBody } from './body.ts'
import { holdClient, MAX_HELD_BODY_BYTES } from './hold.ts'
import { continueIfAsked, hasBody, hostOf, type Identified, identifyCaller } from './identify.ts'
import { type LocalAnswer, localAnswer } from './local.ts'
import { planMasks, recordedMasks, refuseMaskedInput, scansUpload, storedForm } from './masking.ts'
import { payloadLength, readPayload, scanned, scannedWhole, streamedBody } from './payload.ts'
import type { AwsQuestion } from './question.ts'
import { withOwnQueueUrls } from './queue-url.ts'
import { type Passed, passReply, sendWhole } from './reply.ts'
import type { AwsRooms } from './rooms.ts'
import { sendRefusal } from './send-refusal.ts'
import { refuseCutBody, refuseUnsignedBody } from './unsigned-body.ts'

/** One AWS call on its way through the gate. */
export class AwsDriver implements Driver<AwsQuestion> {
  readonly #incoming: Incoming
  readonly #rooms: AwsRooms
  readonly #facts: CallerFacts
  readonly #eventId: string
  #identified: Identified | undefined
  #route: Route | undefined
  #body: WholeBody = EMPTY_BODY
  #local: LocalAnswer | undefined
  #bodies: CallBodies | undefined
  /** Bytes of replies that were read whole to be masked. */
  #heldBytes = 0

  constructor(incoming: Incoming, facts: CallerFacts, eventId: string, rooms: AwsRooms) {
    this.#incoming = incoming
    this.#facts = facts
    this.#eventId = eventId
    this.#rooms = rooms
  }

  async identify(): Promise<Principal> {
    this.#identified = await identifyCaller(this.#incoming, this.#rooms)
    if (this.#identified.body !== undefined) this.#body = this.#identified.body
    return this.#identified.principal
  }

  async interpret(principal: Principal): Promise<AwsQuestion> {
    const identified = this.#proven()
    const { catalog, partition } = this.#rooms
    this.#route = this.#findRoute(identified)
    refuseUnsignedBody(identified, this.#route)
    refuseCutBody(identified)
    if (this.#route.body === 'whole') await this.#readBody(this.#route, identified)
    if (this.#route.resolve !== undefined) this.#route = this.#route.resolve(this.#body.bytes)
    const whole = this.#route.body === 'whole' && this.#body.bytes.length > 0 ? this.#body.bytes : undefined
    const call = interpretCall(catalog, this.#route, whole, { account: principal.account, partition })
    this.#checkReach(call, identified)
    refuseMaskedInput(call, this.#rooms.masking)
    this.#local = localAnswer(call, principal, this.#facts, this.#rooms)
    return { call, request: this.#ask(principal, call), body: this.#streamed(call) }
  }

  async hold(wait: (left: AbortSignal) => Promise<void>): Promise<Held> {
    if (this.#body.bytes.length > MAX_HELD_BODY_BYTES) return 'not-held'
    return holdClient(this.#incoming, this.#rooms.pauseMs, wait)
  }

  async forward(
    principal: Principal,
    question: AwsQuestion,
    decision: Decision,
    ended: AbortSignal,
  ): Promise<Outcome> {
    const { call } = question
    const { obligations } = decision
    this.#bodies = new CallBodies(
      { eventId: this.#eventId, principal, call, obligations },
      this.#rooms.bodies,
    )
    if (this.#local !== undefined) {
      const reply = await this.#local(this.#eventId)
      this.#bodies.answered()
      sendWhole(this.#incoming.response, reply, this.#eventId)
      return { status: reply.status, bytesIn: 0, bytesOut: reply.body.length }
    }
    const plan = planMasks(call, obligations, this.#rooms.masking)
    const body = await this.#bodies.request(this.#upstreamBody(question))
    // Putting a body on disk takes time.
    ended.throwIfAborted()
    return this.#pass(principal, call, { plan, body }, ended)
  }

  /** Sends the call, and its reply as it comes or masked. */
  async #pass(
    principal: Principal,
    call: AwsCall,
    { plan, body }: { readonly plan: MaskPlan | undefined; readonly body: UpstreamBody },
    ended: AbortSignal,
  ): Promise<Outcome> {
    const { response } = this.#incoming
    const leave = new AbortController()
    const resume = this.#waitForUpstream()
    // A reply that went out whole closes, too.
    const onClose = (): void => {
      if (!response.writableFinished) leave.abort()
    }
    response.once('close', onClose)
    const onEnded = (): void => {
      this.refuse({ eventId: this.#eventId, error: asGateError(ended.reason) })
      leave.abort()
    }
    ended.addEventListener('abort', onEnded, { once: true })
    try {
      const asked = storedForm(call, plan, this.#rooms.masking)
      const send = (form: ObjectRequest, of: UpstreamBody): Promise<UpstreamReply> =>
        this.#rooms.upstream.send(principal, upstreamRequest(call, form, of), leave.signal)
      const raw = await send(asked, body)
      const reply = await withOwnQueueUrls(call, raw, this.#origin())
      resume()
      const again: ReadAgainSender = change => send(againRequest(asked, change), { kind: 'none' })
      const passed = await this.#passReply(reply, plan, again)
      return {
        status: passed.status ?? reply.status,
        ...requestId(reply.headers),
        bytesIn: bytesIn(body),
        bytesOut: passed.bytes,
        ...(passed.error === undefined ? {} : { error: passed.error }),
        ...(passed.masked === undefined ? {} : { masked: passed.masked }),
        ...(reply.lease === undefined ? {} : { lease: reply.lease }),
      }
    } finally {
      resume()
      response.off('close', onClose)
      ended.removeEventListener('abort', onEnded)
    }
  }

  /** The reply, masked where the plan says so; one that cannot be masked is withheld. */
  async #passReply(
    reply: UpstreamReply,
    plan: MaskPlan | undefined,
    again: ReadAgainSender,
  ): Promise<PassedMasked> {
    if (plan === undefined) return this.#deliver(reply)
    try {
      const hold = (bytes: number): void => this.#hold(bytes)
      const masked = await this.#rooms.masking.mask(plan, reply, { again, hold })
      // It may reject before anybody waits for it, and need never settle where the client leaves.
      const summary = masked.summary.then(recordedMasks, asGateError)
      const passed = await this.#deliver(asStream(masked))
      if (passed.error === 'client-gone' || passed.error === 'body-unrecorded') return passed
      const found = await summary
      const { status } = masked
      return found instanceof GateError
        ? { ...passed, status, error: found.code }
        : { ...passed, status, masked: found }
    } catch (failure) {
      // Whatever it was, AWS has carried the call out: the journal tells so, beside the error.
      const error = asGateError(failure)
      this.#rooms.observer.trouble(this.#eventId, error)
      this.refuse({ eventId: this.#eventId, error })
      return { bytes: 0, error: error.code }
    }
  }

  /** Passes on what the client may have, and records it on its way where a rule says so. */
  async #deliver(reply: UpstreamReply): Promise<Passed> {
    const recorded = this.#bodies?.reply(reply) ?? reply
    const passed = await passReply(this.#incoming.response, recorded, this.#eventId)
    return this.#bodies?.replyUnrecorded ? { ...passed, error: 'body-unrecorded' } : passed
  }

  /** What was kept of the call's bodies, once it has ended. */
  async kept(bytesOut: number): Promise<KeptBodies> {
    return (await this.#bodies?.kept(bytesOut)) ?? {}
  }

  refuse(refusal: Refusal): void {
    sendRefusal(this.#incoming, refusal, this.#route)
  }

  /** Gives back what the call held; once, when it has ended. */
  release(): void {
    this.#body.release()
    this.#bodies?.release()
    this.#rooms.budget.giveBack(this.#heldBytes)
    this.#heldBytes = 0
  }

  /** Not `overloaded`, upon which SDKs call again: AWS has carried the call out. */
  #hold(bytes: number): void {
    try {
      this.#rooms.budget.take(bytes)
    } catch (error) {
      throw unmaskable('the gate holds as many bodies as `limits.buffered` allows', error)
    }
    this.#heldBytes += bytes
  }

  #findRoute({ request, signed }: Identified): Route {
    const { catalog, domains } = this.#rooms
    const proxied = this.#incoming.facts.proxyHost !== undefined
    return routeCall(catalog, this.#incoming.head, {
      signingName: signed.scope.service,
      region: signed.scope.region,
      signedHeaders: new Set(signed.signedHeaders),
      presigned: signed.form === 'presigned',
      host: hostOf(request),
      wayIn: proxied ? { kind: 'proxy' } : { kind: 'endpoint', baseDomains: domains },
    })
  }

  async #readBody(route: Route, identified: Identified): Promise<void> {
    if (identified.body !== undefined || !hasBody(identified.request)) return
    continueIfAsked(this.#incoming)
    const limit = Math.min(route.maxBodyBytes, this.#rooms.bodyBytes)
    this.#body = await readPayload(this.#incoming, identified, limit, this.#rooms.budget)
  }

  /** What no policy may open: regions that are closed, and buckets beyond an S3 Express session's own. */
  #checkReach(call: AwsCall, { expressBucket }: Identified): void {
    this.#rooms.upstream.checkRegion(call.service, call.region)
    if (expressBucket !== undefined && call.parameters['Bucket'] !== expressBucket) {
      throw new GateError(
        'credentials-invalid',
        `these credentials are of an S3 Express session for \`${expressBucket}\` alone`,
      )
    }
  }

  #ask(principal: Principal, call: AwsCall): AwsQuestion['request'] {
    const connection = connectionContext(this.#facts, this.#rooms.clock)
    connection.set('aws:requestedregion', [call.region])
    return {
      principal,
      pairs: call.pairs,
      context: mergeContexts(call.context, connection, principalContext(principal)),
    }
  }

  /** What is known of a body that has not been read. */
  #streamed(call: AwsCall): StreamedBody | undefined {
    const identified = this.#proven()
    if (!call.streamsIn || !hasBody(identified.request)) return undefined
    const { payload } = identified.signed
    const { body } = identified
    // Only the signature covered it, so it was read whole: its hash is known, and is what was signed.
    if (body !== undefined) return { bytes: body.bytes.length, sha256: hash('sha256', body.bytes) }
    const bytes = payloadLength(identified) ?? 0
    return { bytes, ...(payload.kind === 'sha256' ? { sha256: payload.hex } : {}) }
  }

  #upstreamBody(question: AwsQuestion): UpstreamBody {
    const { call } = question
    if (call.canonical.body !== undefined) return { kind: 'whole', bytes: call.canonical.body }
    const identified = this.#proven()
    if (!call.streamsIn || !hasBody(identified.request)) return { kind: 'none' }
    // A body that only the signature covers was read whole, whatever the operation.
    const scans = scansUpload(question, this.#rooms)
    if (identified.body !== undefined) {
      const whole: UpstreamBody = { kind: 'whole', bytes: identified.body.bytes }
      return scans ? scannedWhole(whole) : whole
    }
    continueIfAsked(this.#incoming)
    const body = streamedBody(this.#incoming, identified)
    return scans ? scanned(body, call.parameters['ContentEncoding']) : body
  }

  /**
   * While AWS works the client has nothing to send, and must not be taken for one that stalls: a Lambda
   * function may run for a quarter of an hour. Returns what ends the waiting.
   */
  #waitForUpstream(): () => void {
    const { request } = this.#incoming
    const { socket } = request
    const wait = (): void => void socket.setTimeout(0)
    if (request.complete) wait()
    else request.once('end', wait)
    return () => {
      request.off('end', wait)
      socket.setTimeout(this.#rooms.pauseMs)
    }
  }

  /** Where the client called: through the proxy that is AWS's own name. */
  #origin(): string {
    const { facts, request } = this.#incoming
    return `${facts.secure ? 'https' : 'http'}://${request.headers.host ?? ''}`
  }

  #proven(): Identified {
    if (this.#identified === undefined)
      throw new GateError('internal', 'a call was read before it was proven')
    return this.#identified
  }
}

function bytesIn(body: UpstreamBody): number {
  if (body.kind === 'none') return 0
  return body.kind === 'whole' ? body.bytes.length : body.length
}

function upstreamRequest(
  { service, operation, region, canonical }: AwsCall,
  { headers, query }: ObjectRequest,
  body: UpstreamBody,
): UpstreamRequest {
  const { method, path, hostPrefix } = canonical
  return { service, operation, region, method, path, query, headers, hostPrefix, body }
}

/** How the passing of a reply ended, and what was masked in it. */
interface PassedMasked {
  readonly bytes: number
  /** What the client was told, where that is not what AWS said: a range that the gate cut out itself. */
  readonly status?: number
  readonly error?: string
  readonly masked?: RecordedMasks
}

function asStream({ status, headers, body }: MaskedReply): UpstreamReply {
  return { status, headers, body: Buffer.isBuffer(body) ? Readable.from([body]) : body }
}

/** The number that AWS gave the call; S3 and the others name it differently. */
function requestId(headers: readonly (readonly [string, string])[]): { readonly upstreamRequestId?: string } {
  for (const [name, value] of headers) {
    if (name === 'x-amzn-requestid' || name === 'x-amz-request-id')
      return { upstreamRequestId: value.slice(0, 128) }
  }
  return {}
}
