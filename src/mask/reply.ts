import { pipeline } from 'node:stream'
import { GateError } from '../core/errors.ts'
import type { NameValue } from '../core/http.ts'
import { maskBody } from './body.ts'
import { errorReply, maskErrorBody } from './error-reply.ts'
import { EventMasker, EventStream } from './events/events.ts'
import { maskHeaders, refitHeaders, withoutObject } from './headers.ts'
import { withMaskedTexts } from './objects/headers.ts'
import { type BodyLimits, codingsOf, readBody } from './open-body.ts'
import { hasRawPayload, type RepliesOf } from './operation.ts'
import type { MaskedReply, MaskSummary, ReplyToMask } from './port.ts'
import type { CompiledRules } from './rules.ts'
import type { OutputMember } from './shapes.ts'
import { Tally } from './tally.ts'
import { unmaskable } from './unmaskable.ts'
import { isPlainText, MaskWalk, outputSpot, type Spot } from './walk/walk.ts'

/** What one reply is masked with. */
export interface ReplyWork {
  readonly replies: RepliesOf
  readonly rules: CompiledRules
  readonly limits: BodyLimits
}

/** A reply that is read whole: an answer in one of the protocols, or an error. */
export async function maskWhole(work: ReplyWork, reply: ReplyToMask): Promise<MaskedReply> {
  const bytes = await readBody(reply.body, reply.headers, work.limits)
  if (reply.status >= 300 || isErrorInDisguise(work.replies, bytes)) return maskError(work, reply, bytes)
  const { walk, spot } = begin(work)
  if (!hasRawPayload(work.replies)) checkCharset(reply.headers)
  const headers = maskHeaders(work.replies, walk, spot, reply.headers)
  return whole(reply.status, headers, maskBody(work.replies, walk, spot, bytes), walk)
}

/** A reply that has no body, as those to HEAD: what it says of one stays as it is. */
export async function maskHead(work: ReplyWork, reply: ReplyToMask): Promise<MaskedReply> {
  const bytes = await readBody(reply.body, [], work.limits)
  if (bytes.length > 0) throw unmaskable('it has a body where none belongs')
  const { walk, spot } = begin(work)
  const headers = maskEncodedWords(walk, maskHeaders(work.replies, walk, spot, reply.headers))
  return { status: reply.status, headers, body: bytes, summary: Promise.resolve(walk.tally.summary()) }
}

/** Metadata of objects beyond ASCII comes in encoded words, which hide it from detectors. */
function maskEncodedWords(walk: MaskWalk, headers: readonly NameValue[]): readonly NameValue[] {
  if (!walk.detects) return headers
  const mask = (value: string, name: string): string => {
    const text = Buffer.from(value, 'latin1').toString('utf8')
    const masked = walk.detected(text, name)
    return masked === text ? value : Buffer.from(masked, 'utf8').toString('latin1')
  }
  return withMaskedTexts(headers, mask, new Set())
}

/** A reply whose body is one member as it stands; undefined where the body may pass as it is. */
export async function maskPayload(
  work: ReplyWork,
  payload: OutputMember,
  reply: ReplyToMask,
): Promise<MaskedReply> {
  const { walk, spot } = begin(work)
  const at = walk.member(spot, payload.name)
  const headers = maskHeaders(work.replies, walk, spot, reply.headers)
  const form = walk.form(at)
  if (form === undefined && !walk.detects && at.place.treatment === undefined) {
    const summary = Promise.resolve(walk.tally.summary())
    return { status: reply.status, headers, body: reply.body, summary }
  }
  const masked =
    form === 'full' || form === 'null'
      ? unread(reply, walk, at)
      : maskRaw(walk, payload, at, await readBody(reply.body, reply.headers, work.limits))
  // A part of the object was asked for; what is sent is a mask of all of it.
  const status = reply.status === 206 ? 200 : reply.status
  return whole(status, withoutObject(headers), masked, walk)
}

/** A stream of events; its summary is whole when the stream has ended. */
export function maskEvents(work: ReplyWork, events: OutputMember, reply: ReplyToMask): MaskedReply {
  if (codingsOf(reply.headers).length > 0) throw unmaskable('its events are compressed')
  const { walk, spot } = begin(work)
  if (walk.detects) throw unmaskable('it is a stream of events, in which a detector could miss a match')
  const headers = maskHeaders(work.replies, walk, spot, reply.headers)
  const body = new EventStream(new EventMasker(work.replies, walk, spot, events))
  const summary = new Promise<MaskSummary>((resolve, reject) => {
    pipeline(reply.body, body, error => {
      if (error) reject(error instanceof GateError ? error : unmaskable('it broke off', error))
      else resolve(walk.tally.summary())
    })
  })
  // Whoever waits for it hears of its failure; where nobody does, it is none.
  summary.catch(() => undefined)
  return {
    status: reply.status,
    headers: headers.filter(([name]) => name !== 'content-length'),
    body,
    summary,
  }
}

/**
 * An S3 object that detectors look through: its head is masked here, its contents by `maskContents`; a mask
 * that stands for all of it needs none of them.
 */
export async function maskObjectReply(
  work: ReplyWork,
  reply: ReplyToMask,
  maskContents: (rest: ReplyToMask) => Promise<MaskedReply>,
): Promise<MaskedReply> {
  const { walk, spot } = begin(work)
  const { payload } = work.replies
  if (
    reply.status < 300 &&
    payload !== undefined &&
    walk.form(walk.member(spot, payload.name)) !== undefined
  ) {
    return maskPayload(work, payload, reply)
  }
  const headers = reply.status < 300 ? maskHeaders(work.replies, walk, spot, reply.headers) : reply.headers
  const masked = await maskContents({ ...reply, headers })
  const summary = masked.summary.then(contents => added(walk.tally.summary(), contents))
  // Whoever waits for it hears of its failure; where nobody does, it is none.
  summary.catch(() => undefined)
  return { ...masked, summary }
}

function added(one: MaskSummary, other: MaskSummary): MaskSummary {
  return {
    fields: [...one.fields, ...other.fields],
    detected: [...one.detected, ...other.detected],
    values: one.values + other.values,
  }
}

/** What nothing is left of need not be read. */
function unread(reply: ReplyToMask, walk: MaskWalk, spot: Spot): Buffer {
  reply.body.destroy()
  return Buffer.from(walk.text('', spot) ?? '', 'utf8')
}

function maskRaw(walk: MaskWalk, payload: OutputMember, spot: Spot, bytes: Buffer): Buffer {
  if (walk.form(spot) === undefined && !isPlainText(bytes)) {
    if (walk.passesBinary) return bytes
    throw unmaskable(`nothing can be detected in its \`${payload.name}\`, which is no text`)
  }
  return walk.blob(bytes, spot) ?? Buffer.alloc(0)
}

function maskError(work: ReplyWork, reply: ReplyToMask, bytes: Buffer): MaskedReply {
  const error = errorReply(work.replies, work.rules.patterns, reply.headers, bytes)
  // Errors have members of their own, of which the catalog knows few: a new one is no field of the output.
  const walk = new MaskWalk(work.replies.shapes, work.rules.masks, new Tally(), false)
  const replies = { ...work.replies, output: error.shape, payload: undefined }
  const headers = maskHeaders(replies, walk, error.spot, reply.headers)
  return whole(reply.status, headers, maskErrorBody(replies, walk, error, bytes), walk)
}

function begin({ replies, rules }: ReplyWork): { readonly walk: MaskWalk; readonly spot: Spot } {
  return { walk: new MaskWalk(replies.shapes, rules.masks, new Tally()), spot: outputSpot(rules.root) }
}

function whole(status: number, headers: readonly NameValue[], body: Buffer, walk: MaskWalk): MaskedReply {
  const summary = Promise.resolve(walk.tally.summary())
  return { status, headers: refitHeaders(headers, body), body, summary }
}

/** S3 answers long operations with 200 before it knows how they end. */
function isErrorInDisguise({ protocol }: RepliesOf, bytes: Buffer): boolean {
  if (protocol !== 'rest-xml') return false
  const start = bytes.subarray(0, 256).toString('latin1')
  return /^(?:<\?xml[^<>]*\?>)?[ \t\r\n]*<Error>/.test(start)
}

/**
 * SDKs read a body by the protocol, whatever its type says, and so does this; but bytes that are no UTF-8 by their
 * own word would be read as another text.
 */
function checkCharset(headers: readonly NameValue[]): void {
  const type = headers.find(([name]) => name === 'content-type')?.[1]
  for (const parameter of type?.toLowerCase().split(';').slice(1) ?? []) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim() === 'charset' && !/^"?(?:utf-?8|us-ascii)"?$/.test(value.trim())) {
      throw unmaskable('its text is not in UTF-8')
    }
  }
}
