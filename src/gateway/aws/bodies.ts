import { hash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import type { Catalog } from '../../catalog/model.ts'
import type { Obligation } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { HttpReplyHead } from '../../core/http.ts'
import type { Principal } from '../../core/principal.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'
import type { MaskedCall } from '../../mask/port.ts'
import { inlineBody } from '../../record/blobs/inline.ts'
import type { BodyKind } from '../../record/blobs/name.ts'
import type { BlobStore } from '../../record/blobs/store.ts'
import { BodyTap, MAX_BLOB_BYTES } from '../../record/blobs/tap.ts'
import type { BlobWriter } from '../../record/blobs/writer.ts'
import type { OutcomeEvent, RecordedBody } from '../../record/event.ts'
import type { Keeping } from '../../record/keep/keep.ts'
import type { UpstreamBody } from '../../upstream/port.ts'
import type { BufferBudget } from './body.ts'
import { secretReply, secretRequest } from './secret-bodies.ts'

/** What the recording of bodies works with; one for each process. */
export interface BodyRooms {
  readonly keeping: Keeping
  /** Absent where no rule asks for whole bodies. */
  readonly blobs: BlobStore | undefined
  readonly catalog: Catalog
  /** Fields of replies to a call that are masked by default, whether the configuration says so or not. */
  readonly secretsOf: (call: MaskedCall) => readonly string[]
  readonly budget: BufferBudget
}

/** What was kept, as an outcome says it. */
export type KeptBodies = Pick<OutcomeEvent, 'requestBody' | 'replyBody'>

/** The call whose bodies are kept. */
export interface KeptCall {
  readonly eventId: string
  readonly principal: Principal
  readonly call: AwsCall
  readonly obligations: readonly Obligation[]
}

/** Bytes of a request's beginning in its event, and what an event has for either body as JSON. */
const REQUEST_BYTES = 4 * 1024
const REQUEST_JSON_BYTES = 8 * 1024
const REPLY_JSON_BYTES = 176 * 1024

/** Records the bodies of one call, as far as the rule that fits it says so. */
export class CallBodies {
  readonly #rooms: BodyRooms
  readonly #of: KeptCall
  readonly #keepsReply: boolean
  readonly #replyBytes: number
  /** Where whole bodies go; absent where they are not kept. */
  readonly #blobs: BlobStore | undefined
  readonly #giveBack: () => void
  #requestTap: BodyTap | undefined
  #replyTap: BodyTap | undefined
  #requestBody: RecordedBody | undefined
  /** Why the reply is left out. */
  #leftOut: string | undefined

  /** Takes room for what is kept. Throws `overloaded` where there is none. */
  constructor(of: KeptCall, rooms: BodyRooms) {
    this.#rooms = rooms
    this.#of = of
    const { level, replyBytes } = rooms.keeping(of.principal.roleArn, of.call.pairs)
    this.#keepsReply = level === 'replies' || level === 'bodies'
    this.#replyBytes = replyBytes
    if (level === 'bodies' && rooms.blobs === undefined) {
      throw new GateError('internal', 'a rule keeps bodies, and there is no place for them')
    }
    this.#blobs = level === 'bodies' ? rooms.blobs : undefined
    this.#giveBack = this.#keepsReply ? this.#reserve() : () => undefined
  }

  /**
   * The request's body, recorded: on disk already where it was read whole, else while it is streamed on. Rejects with
   * `body-unrecorded`, `body-too-large`, `master-key-unavailable`.
   */
  async request(body: UpstreamBody): Promise<UpstreamBody> {
    const blobs = this.#blobs
    const bytes = bytesOf(body)
    if (blobs === undefined || body.kind === 'none' || bytes === 0) return body
    const secret = secretRequest(this.#of.call, this.#rooms.catalog)
    if (secret !== undefined) {
      this.#requestBody = { bytes, cut: secret }
      return body
    }
    if (bytes > MAX_BLOB_BYTES) {
      if (body.kind === 'stream') discard(body.bytes)
      const why = `the body has more than the ${MAX_BLOB_BYTES} bytes that a recording keeps of one; send it in parts`
      throw new GateError('body-too-large', why)
    }
    if (body.kind === 'whole') {
      this.#requestBody = await this.#whole(blobs, body.bytes)
      return body
    }
    this.#requestTap = new BodyTap({
      inlineBytes: REQUEST_BYTES,
      jsonBytes: REQUEST_JSON_BYTES,
      lengthBytes: body.length,
      blob: { always: true, create: () => this.#create(blobs, 'request') },
    })
    return { ...body, bytes: through(body.bytes, this.#requestTap) }
  }

  /** The reply as the client will get it: masked. It is recorded on its way, if it may be. */
  reply<R extends HttpReplyHead & { readonly body: Readable }>(reply: R): R {
    if (!this.#keepsReply) return reply
    const { call, obligations } = this.#of
    const { catalog, secretsOf } = this.#rooms
    this.#leftOut = secretReply(call, obligations, secretsOf(call), catalog)
    if (this.#leftOut !== undefined) return reply
    const length = reply.headers.find(([name]) => name === 'content-length')?.[1] ?? ''
    const blobs = this.#blobs
    this.#replyTap = new BodyTap({
      inlineBytes: this.#replyBytes,
      jsonBytes: REPLY_JSON_BYTES,
      ...(/^\d{1,15}$/.test(length) ? { lengthBytes: Number(length) } : {}),
      ...(blobs === undefined ? {} : { blob: { always: false, create: () => this.#create(blobs, 'reply') } }),
    })
    return { ...reply, body: through(reply.body, this.#replyTap) }
  }

  /** The gate answered by itself: with credentials of its own, or with what it knows anyway. */
  answered(): void {
    if (this.#keepsReply) this.#leftOut = 'it is left out: the gate answered by itself'
  }

  /** Whether the reply broke off because it could not be recorded. */
  get replyUnrecorded(): boolean {
    return this.#replyTap?.failure !== undefined
  }

  /** What was kept, when the call has ended. `bytesOut`: how much of a reply went to the client. Never rejects. */
  async kept(bytesOut: number): Promise<KeptBodies> {
    // A body that nobody took to its end has ended, too.
    this.#requestTap?.destroy()
    this.#replyTap?.destroy()
    const requestBody = this.#requestBody ?? (await this.#requestTap?.recorded)
    const leftOut = this.#leftOut === undefined || bytesOut === 0 ? undefined : this.#leftOut
    const replyBody =
      leftOut === undefined ? await this.#replyTap?.recorded : { bytes: bytesOut, cut: leftOut }
    return {
      ...(requestBody === undefined ? {} : { requestBody }),
      ...(replyBody === undefined ? {} : { replyBody }),
    }
  }

  /** Gives back the room that was taken; more than once does no harm. */
  release(): void {
    this.#giveBack()
  }

  /** A body that was read whole. One of parameters alone, which stand in the decision, needs no file if it is short. */
  async #whole(blobs: BlobStore, bytes: Buffer): Promise<RecordedBody> {
    const isShort = bytes.length <= REQUEST_BYTES
    const start = isShort ? bytes : bytes.subarray(0, REQUEST_BYTES)
    const body: RecordedBody = {
      bytes: bytes.length,
      sha256: hash('sha256', bytes),
      ...inlineBody(start, isShort, REQUEST_JSON_BYTES),
    }
    if (isShort && !this.#of.call.streamsIn) return body
    const writer = await this.#create(blobs, 'request')
    try {
      await writer.write(bytes)
    } catch (error) {
      await writer.discard()
      throw error
    }
    return { ...body, blob: await writer.finish() }
  }

  #create(blobs: BlobStore, kind: BodyKind): Promise<BlobWriter> {
    const { eventId, principal } = this.#of
    return blobs.create(eventId, kind, principal)
  }

  #reserve(): () => void {
    const { budget } = this.#rooms
    const bytes = this.#replyBytes + REQUEST_BYTES
    const { issuer, subject } = this.#of.principal
    const giveBackFiles = this.#blobs?.reserve(`${issuer}/${subject}`)
    try {
      budget.take(bytes)
    } catch (error) {
      giveBackFiles?.()
      throw error
    }
    let isHeld = true
    return () => {
      if (isHeld) budget.giveBack(bytes)
      isHeld = false
      giveBackFiles?.()
    }
  }
}

function bytesOf(body: UpstreamBody): number {
  if (body.kind === 'none') return 0
  return body.kind === 'whole' ? body.bytes.length : body.length
}

/** Nobody will read it, nor hear of its errors: these would end the process. */
function discard(stream: Readable): void {
  stream.on('error', () => undefined)
  stream.destroy()
}

/** `pipeline` hands errors on in both directions; whoever reads the tap sees them. */
function through(from: Readable, tap: BodyTap): BodyTap {
  pipeline(from, tap, () => undefined)
  return tap
}
