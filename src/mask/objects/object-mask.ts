import { Readable } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import type { HttpReplyHead, NameValue } from '../../core/http.ts'
import type { Coding } from './encoding.ts'
import { allOf, headerOf, withHeader, withMaskedTexts, without, withoutDigests } from './headers.ts'
import type { Look } from './kind.ts'
import { HEAD_BYTES, MAX_ERROR_BYTES, type ObjectLimits } from './limits.ts'
import { planObject } from './object-plan.ts'
import type { ObjectRead, ReadAgain } from './object-read.ts'
import { closeBody, openBody } from './opened-body.ts'
import { MaskPassage, type Passage, PlainPassage, type TextMasker } from './passage.ts'
import { type Head, PassedBody, readHead } from './passed-body.ts'
import { type ByteRange, contentRange, RangeCutter, readContentRange, resolveRange } from './range.ts'
import { unsatisfiable } from './unsatisfiable.ts'

/** What is to be done to the object. */
export interface ObjectRule {
  /** New maskers for one stream, to be gone through in turn; `name` is of a header that the text is from. */
  maskers(name?: string): readonly TextMasker[]
  /** What becomes of objects that are no text. */
  readonly otherObjects: 'deny' | 'pass'
}

/** S3's reply, its body unread. */
export interface ObjectReply extends HttpReplyHead {
  readonly body: Readable
}

export interface ObjectPorts {
  readonly limits: ObjectLimits
  /**
   * Sends another read of the same object for the same principal. Without it, parts of multipart uploads are
   * refused, and ranges of objects that pass unmasked are cut out of the whole.
   */
  readonly again?: (change: ReadAgain) => Promise<ObjectReply>
}

/** What became of the object, for the journal. */
export interface ObjectSummary {
  /** `error`: there was no object in the reply. */
  readonly handling: 'masked' | 'passed' | 'error'
  /** What it was taken for: `text`, `PDF`; empty for an error. */
  readonly kind: string
  /** What it is compressed with, the outermost first. */
  readonly codings: readonly Coding[]
}

export interface MaskedObject extends ObjectReply {
  readonly summary: ObjectSummary
}

/**
 * Masks the reply to a read that `prepareObjectRead` made. The contents are masked as they pass, in constant
 * memory; where they turn out to be no text after all the body breaks off, which the client sees as a reply
 * that was cut. The reply's body is let go where this rejects.
 * @throws GateError `object-unmaskable`, `object-range-limit`, `upstream-reply-unclear`, `internal`
 */
export async function maskObject(
  read: ObjectRead,
  rule: ObjectRule,
  reply: ObjectReply,
  ports: ObjectPorts,
): Promise<MaskedObject> {
  try {
    return await new ObjectMask(read, rule, ports).mask(reply)
  } catch (error) {
    reply.body.destroy()
    throw error
  }
}

/** An object whose beginning has been seen. */
interface SeenObject {
  readonly reply: ObjectReply
  readonly head: Head
  readonly codings: readonly Coding[]
  readonly look: Look
}

class ObjectMask {
  readonly #read: ObjectRead
  readonly #rule: ObjectRule
  readonly #ports: ObjectPorts

  constructor(read: ObjectRead, rule: ObjectRule, ports: ObjectPorts) {
    this.#read = read
    this.#rule = rule
    this.#ports = ports
  }

  async mask(reply: ObjectReply): Promise<MaskedObject> {
    if (reply.status >= 300) return this.#error(reply)
    if (reply.status === 200 && !this.#read.part) return this.#whole(await this.#see(reply), undefined)
    if (reply.status === 206 && this.#read.part) return this.#part(reply)
    throw unclear(`S3 answered a read of a whole object with status ${reply.status}`)
  }

  /** One part: a range that S3 names. Its first byte may be in the middle of what is to be masked. */
  async #part(reply: ObjectReply): Promise<MaskedObject> {
    const range = readContentRange(headerOf(reply.headers, 'content-range') ?? '')
    if (range === undefined) throw unclear('S3 does not say which bytes a part of an object is')
    if (range.first === 0 && range.last === range.total - 1) return this.#whole(await this.#see(reply), range)
    const { again } = this.#ports
    if (again === undefined) {
      throw new GateError('object-unmaskable', 'the part of an object is masked with the whole object alone')
    }
    reply.body.destroy()
    const whole = await again({ ifMatch: storedEtag(reply) })
    try {
      if (whole.status !== 200) throw unclear(`S3 answered the read of a part's object with ${whole.status}`)
      // The head of the first reply tells of the part: how many there are, and its checksums, which go.
      return await this.#whole(await this.#see({ ...reply, body: whole.body }, whole), range)
    } catch (error) {
      whole.body.destroy()
      throw error
    }
  }

  async #see(reply: ObjectReply, stored: ObjectReply = reply): Promise<SeenObject> {
    const head = await readHead(reply.body, HEAD_BYTES)
    const { layers, look } = await planObject(head, allOf(stored.headers, 'content-encoding'))
    if (look.kind === 'other' && this.#rule.otherObjects === 'deny') {
      const packed = layers.length > 0 ? ` in ${layers.join(' and ')}` : ''
      throw new GateError(
        'object-unmaskable',
        `the object is no text but ${look.name}${packed}, in which nothing can be masked: it was withheld`,
      )
    }
    return { reply, head, codings: layers, look }
  }

  /** @param part the bytes of the object that were asked for as a part */
  async #whole(object: SeenObject, part: ByteRange | undefined): Promise<MaskedObject> {
    if (object.look.kind === 'other') return this.#pass(object, part)
    if (object.codings.length > 0) return this.#compressed(object, part)
    const total = part?.total ?? lengthOf(object)
    const range = part ?? this.#range(object.reply, total)
    if (range === 'unsatisfiable') return this.#unsatisfiable(object, total ?? 0)
    const passage = new MaskPassage(this.#rule.maskers(), cutterOf(range))
    const headers = withoutDigests(this.#maskedTexts(object.reply.headers))
    return this.#made(object, 'masked', range, headers, passage)
  }

  /** Another length than S3 announced comes out, and no range of it means anything to the client. */
  #compressed({ reply, head, codings, look }: SeenObject, part: ByteRange | undefined): MaskedObject {
    if (this.#read.range !== undefined || part !== undefined) {
      throw new GateError(
        'object-unmaskable',
        `the object is compressed with ${codings.join(' and ')}, and is masked as a whole alone, not in ranges`,
      )
    }
    let body: Readable = reply.body
    for (const [i, coding] of codings.entries()) {
      body = openBody(body, coding, this.#ports.limits, i === 0 ? head : undefined)
    }
    body = new PassedBody(body, new MaskPassage(this.#rule.maskers()))
    for (const coding of codings.toReversed()) body = closeBody(body, coding)
    const headers = without(
      withoutDigests(this.#maskedTexts(reply.headers)),
      'content-length',
      'accept-ranges',
    )
    const summary = { handling: 'masked', kind: look.name, codings } as const
    return { status: 200, headers: this.#withOverrides(headers), body, summary }
  }

  /** An object in which nothing can be detected, and which the policy lets pass all the same. */
  async #pass(object: SeenObject, part: ByteRange | undefined): Promise<MaskedObject> {
    const { reply } = object
    const { range, ifRange } = this.#read
    const { again } = this.#ports
    const headers = this.#maskedTexts(reply.headers)
    const wanted = range !== undefined && (ifRange === undefined || holds(ifRange, reply.headers))
    if (wanted && again !== undefined) {
      reply.body.destroy()
      return this.#passRange(object, await again({ ifMatch: storedEtag(reply), range: range.header }))
    }
    const total = part?.total ?? lengthOf(object)
    const cut = part ?? this.#range(reply, total)
    if (cut === 'unsatisfiable') return this.#unsatisfiable(object, total ?? 0)
    return this.#made(object, 'passed', cut, headers, new PlainPassage(cutterOf(cut)))
  }

  /** The range itself, so that nothing before it has to be read. */
  async #passRange({ look, codings }: SeenObject, ranged: ObjectReply): Promise<MaskedObject> {
    if (ranged.status >= 300) return maskObject(this.#read, this.#rule, ranged, this.#ports)
    const headers = this.#withOverrides(this.#maskedTexts(ranged.headers))
    const body = new PassedBody(ranged.body, new PlainPassage())
    return { status: ranged.status, headers, body, summary: { handling: 'passed', kind: look.name, codings } }
  }

  /** The reply with its range, as S3 would have made it. */
  #made(
    { reply, head, codings, look }: SeenObject,
    handling: 'masked' | 'passed',
    range: ByteRange | undefined,
    headers: readonly NameValue[],
    passage: Passage,
  ): MaskedObject {
    const { skippedBytes } = this.#ports.limits
    if (range !== undefined && range.first > skippedBytes) {
      throw new GateError(
        'object-range-limit',
        `a range of a masked object begins after byte ${skippedBytes}, and all before it would have to be read`,
      )
    }
    const body = new PassedBody(reply.body, passage, head)
    const summary = { handling, kind: look.name, codings }
    if (range === undefined) return { status: 200, headers: this.#withOverrides(headers), body, summary }
    const length = String(range.last - range.first + 1)
    const ranged = withHeader(
      withHeader(headers, 'content-range', contentRange(range)),
      'content-length',
      length,
    )
    return { status: 206, headers: this.#withOverrides(ranged), body, summary }
  }

  /** The bytes that the client wants, in an object of this length; undefined: all of it. */
  #range(reply: ObjectReply, total: number | undefined): ByteRange | 'unsatisfiable' | undefined {
    const { range, ifRange } = this.#read
    if (range === undefined) return undefined
    if (ifRange !== undefined && !holds(ifRange, reply.headers)) return undefined
    if (total === undefined) throw unclear('S3 does not say how long an object is')
    return resolveRange(range.asked, total) ?? 'unsatisfiable'
  }

  #unsatisfiable({ reply, look, codings }: SeenObject, total: number): MaskedObject {
    reply.body.destroy()
    const made = unsatisfiable(reply.headers, this.#read.range?.header ?? '', total)
    return { ...made, summary: { handling: 'error', kind: look.name, codings } }
  }

  /** No object: a redirect, a condition that did not hold, an error. It may quote what it should not. */
  async #error(reply: ObjectReply): Promise<MaskedObject> {
    const { bytes, whole } = await readHead(reply.body, MAX_ERROR_BYTES)
    if (!whole) throw unclear(`S3 answered ${reply.status} with more than ${MAX_ERROR_BYTES} bytes`)
    const passage = new MaskPassage(this.#rule.maskers())
    const body = Buffer.concat([passage.push(bytes), passage.end()])
    const headers = withoutDigests(this.#maskedTexts(reply.headers))
    const summary = { handling: 'error', kind: '', codings: [] } as const
    return { status: reply.status, headers, body: Readable.from([body], { objectMode: false }), summary }
  }

  #maskedTexts(headers: readonly NameValue[]): readonly NameValue[] {
    const mask = (value: string, name: string): string => {
      let bytes = Buffer.from(value, 'latin1')
      for (const masker of this.#rule.maskers(name)) bytes = Buffer.concat([masker.push(bytes), masker.end()])
      return bytes.toString('latin1')
    }
    return withMaskedTexts(headers, mask, this.#read.chosen)
  }

  #withOverrides(headers: readonly NameValue[]): readonly NameValue[] {
    return this.#read.overrides.reduce((all, [name, value]) => withHeader(all, name, value), headers)
  }
}

function cutterOf(range: ByteRange | undefined): RangeCutter | undefined {
  return range && new RangeCutter(range)
}

/** By which the object is known again. */
function storedEtag({ headers }: ObjectReply): string {
  const etag = headerOf(headers, 'etag')
  if (etag === undefined) throw unclear('S3 does not say which object it sent: there is no ETag')
  return etag
}

/** Bytes of the stored object. */
function lengthOf({ reply, head }: SeenObject): number | undefined {
  if (head.whole) return head.bytes.length
  const header = headerOf(reply.headers, 'content-length') ?? ''
  return /^[0-9]{1,15}$/.test(header) ? Number(header) : undefined
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5 */
function holds(ifRange: string, headers: readonly NameValue[]): boolean {
  const condition = ifRange.trim()
  return condition === headerOf(headers, 'etag') || condition === headerOf(headers, 'last-modified')
}

function unclear(what: string): GateError {
  return new GateError('upstream-reply-unclear', what)
}
