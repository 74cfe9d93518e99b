import { Transform, type TransformCallback } from 'node:stream'
import { asGateError } from '../../core/errors.ts'
import { maskCbor, maskJson, maskXml } from '../body.ts'
import type { RepliesOf } from '../operation.ts'
import { membersOf, type OutputMember, type OutputShape } from '../shapes.ts'
import { unmaskable } from '../unmaskable.ts'
import type { MaskWalk, Spot } from '../walk/walk.ts'
import { XmlMasker } from '../walk/xml.ts'
import { type Frame, type FrameHeader, frameLength, headerText, readFrame, writeFrame } from './frame.ts'

/*
 * Streams of events, masked frame by frame: `:event-type` names the member of the stream's union. Detectors
 * are not for these, for a match may be split over two events; the plan of such a call is refused before it
 * is sent.
 */

/** Masks the events of one reply. */
export class EventMasker {
  readonly #replies: RepliesOf
  readonly #walk: MaskWalk
  readonly #output: Spot
  readonly #events: OutputMember

  /** @param output the spot of the output, of which `events` is a member */
  constructor(replies: RepliesOf, walk: MaskWalk, output: Spot, events: OutputMember) {
    this.#replies = replies
    this.#walk = walk
    this.#output = output
    this.#events = events
  }

  frame(frame: Frame): Frame {
    const type = headerText(frame, ':message-type')
    const name = headerText(frame, type === 'exception' ? ':exception-type' : ':event-type')
    // An error that is no event has a code and a message, and nothing else.
    if (type === 'error') {
      return { headers: frame.headers.filter(({ name }) => name.startsWith(':')), payload: Buffer.alloc(0) }
    }
    if (name === 'initial-response') {
      return { ...frame, payload: this.#body(this.#replies.output, frame.payload, this.#output) }
    }
    const stream = this.#walk.member(this.#output, this.#events.name)
    const event = membersOf(this.#replies.shapes, this.#events.shape).find(
      ({ name: own, wireName }) => own === name || wireName === name,
    )
    if (event === undefined) return this.#unknown(frame, this.#walk.unknown(stream, name ?? ''))
    return this.#event(frame, event, this.#walk.member(stream, event.name))
  }

  #event(frame: Frame, event: OutputMember, spot: Spot): Frame {
    const members = membersOf(this.#replies.shapes, event.shape)
    const headers = frame.headers.flatMap((header): readonly FrameHeader[] => {
      if (header.name.startsWith(':')) return [header]
      const member = members.find(({ name, ref }) => ref.eventheader === true && name === header.name)
      const at =
        member === undefined ? this.#walk.unknown(spot, header.name) : this.#walk.member(spot, member.name)
      return this.#header(header, at)
    })
    const payload = members.find(({ ref }) => ref.eventpayload === true)
    const body =
      payload === undefined
        ? this.#body(event, frame.payload, spot)
        : this.#payload(payload, frame.payload, this.#walk.member(spot, payload.name))
    return { headers, payload: body }
  }

  #unknown(frame: Frame, spot: Spot): Frame {
    const headers = frame.headers.flatMap(one => (one.name.startsWith(':') ? [one] : this.#header(one, spot)))
    return { headers, payload: this.#walk.blob(frame.payload, spot) ?? Buffer.alloc(0) }
  }

  /** A text is masked, any other value stays or goes. */
  #header(header: FrameHeader, spot: Spot): readonly FrameHeader[] {
    if (header.type !== 7) return this.#walk.keeps(spot) ? [header] : []
    const text = this.#walk.text(header.value.toString('utf8'), spot)
    return text === undefined ? [] : [{ ...header, value: Buffer.from(text, 'utf8') }]
  }

  #payload(member: OutputMember, bytes: Buffer, spot: Spot): Buffer {
    const { type } = member.shape
    if (type === 'blob' || type === 'string') return this.#walk.blob(bytes, spot) ?? Buffer.alloc(0)
    return this.#body(member, bytes, spot)
  }

  #body(shape: OutputShape, bytes: Buffer, spot: Spot): Buffer {
    if (bytes.length === 0) return bytes
    switch (this.#replies.protocol) {
      case 'json':
      case 'rest-json':
        return maskJson(this.#walk, shape, spot, bytes)
      case 'smithy-rpc-v2-cbor':
        return maskCbor(this.#walk, shape, spot, bytes)
      default:
        return maskXml(bytes, root => new XmlMasker(this.#walk).value(shape, root, spot))
    }
  }
}

/** Cuts a stream into frames and masks each; ends with an error where the last one is not whole. */
export class EventStream extends Transform {
  readonly #masker: EventMasker
  /** What is held of a frame that is not whole yet. */
  #pieces: Buffer[] = []
  #heldBytes = 0
  #wantedBytes = 0

  constructor(masker: EventMasker) {
    super()
    this.#masker = masker
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#pieces.push(chunk)
      this.#heldBytes += chunk.length
      if (this.#heldBytes >= this.#wantedBytes) this.#takeFrames()
      done()
    } catch (error) {
      done(asGateError(error))
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#heldBytes === 0 ? null : unmaskable('its last event is not whole'))
  }

  #takeFrames(): void {
    let held = this.#pieces.length === 1 && this.#pieces[0] ? this.#pieces[0] : Buffer.concat(this.#pieces)
    for (;;) {
      const length = frameLength(held)
      this.#wantedBytes = length ?? 0
      if (length === undefined || held.length < length) break
      this.push(writeFrame(this.#masker.frame(readFrame(held.subarray(0, length)))))
      held = held.subarray(length)
    }
    this.#pieces = held.length === 0 ? [] : [held]
    this.#heldBytes = held.length
  }
}
