import { isUtf8 } from 'node:buffer'
import type { ServiceShapes } from '../../catalog/model.ts'
import type { MaskForm } from '../../core/decision.ts'
import { type Place, stricter } from '../place.ts'
import type { OutputMember } from '../shapes.ts'
import type { Tally, Trail } from '../tally.ts'
import { contextIn, maskNested } from './nested.ts'

/** What makes texts unreadable; made of the rules of one plan. */
export interface TextMasks {
  /** A text in a form; undefined: it is left out. */
  inForm(text: string, form: MaskForm): string | undefined
  /** A text without what the detectors of the rules find in it. */
  detect(text: string, context: string | undefined, tally: Tally): string
  /** The strictest form of the detectors that find something in a text. */
  detectedForm(text: string, context: string | undefined): MaskForm | undefined
  /** A text in which no presigned URL has its signature any more. */
  withoutSignatures(text: string, tally: Tally): string
  /** Whether there are detectors at all. */
  readonly detects: boolean
  /** Whether there are fields: then a member that the catalog does not know may be one of them. */
  readonly hasFields: boolean
  /** Whether binary data passes in which nothing can be detected. */
  readonly passBinary: boolean
}

/** Where a value is: as far as patterns tell, and as people say it. */
export interface Spot {
  readonly place: Place
  readonly trail: Trail | undefined
  /** What the value is called, for detectors that go by it: the name of a member or key. */
  readonly context: string | undefined
  /** The catalog does not know it. */
  readonly unknown: boolean
}

/** The spot of the whole output. */
export function outputSpot(place: Place): Spot {
  return { place, trail: undefined, context: undefined, unknown: false }
}

/** Text in which detectors find what there is: UTF-16 of ASCII is valid UTF-8 as well, with NUL bytes in it. */
export function isPlainText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

/** One reply's masking: what becomes of each value. A method that gives undefined says: leave it out. */
export class MaskWalk {
  readonly shapes: ServiceShapes
  readonly tally: Tally
  readonly #masks: TextMasks
  readonly #masksUnknown: boolean

  /** @param masksUnknown whether a member that the catalog does not know could be one that has to be masked */
  constructor(
    shapes: ServiceShapes,
    masks: TextMasks,
    tally: Tally,
    masksUnknown: boolean = masks.hasFields,
  ) {
    this.shapes = shapes
    this.tally = tally
    this.#masks = masks
    this.#masksUnknown = masksUnknown
  }

  /** Whether detectors look through every text. */
  get detects(): boolean {
    return this.#masks.detects
  }

  /** Whether binary data passes in which nothing can be detected. */
  get passesBinary(): boolean {
    return this.#masks.passBinary
  }

  /** Of members that are called the same on the wire, the one of which a rule is. */
  meant(member: OutputMember | undefined, spot: Spot): OutputMember | undefined {
    if (member?.twins === undefined) return member
    const all = [member, ...member.twins]
    const places = all.map(one => ({ one, place: spot.place.member(one.name) }))
    const named = places.find(({ place }) => place.treatment !== undefined)
    return (named ?? places.find(({ place }) => place.open))?.one ?? member
  }

  member(spot: Spot, name: string): Spot {
    const trail = { parent: spot.trail, step: name }
    const context = contextIn(name, spot.context)
    return { place: spot.place.member(name), trail, context, unknown: spot.unknown }
  }

  key(spot: Spot, key: string): Spot {
    const trail = { parent: spot.trail, step: '*' }
    const context = contextIn(key, spot.context)
    return { place: spot.place.key(key), trail, context, unknown: spot.unknown }
  }

  /** The value of a map whose keys are names of headers. */
  header(spot: Spot, name: string): Spot {
    return { ...this.key(spot, name), place: spot.place.header(name) }
  }

  item(spot: Spot): Spot {
    return { ...spot, trail: { parent: spot.trail, step: '[]' } }
  }

  /** A member that the catalog does not know: it may be one of the fields, so it is taken for one. */
  unknown(spot: Spot, name: string): Spot {
    const trail = { parent: spot.trail, step: '(unknown)' }
    return { place: spot.place.key(name), trail, context: name, unknown: spot.unknown || this.#masksUnknown }
  }

  /** The form in which everything at the spot is masked; undefined where the place asks for none. */
  form(spot: Spot): MaskForm | undefined {
    const { treatment } = spot.place
    const form = treatment === 'presigned' ? undefined : treatment
    return spot.unknown ? stricter<MaskForm>('full', form) : form
  }

  /** Whether a value that is no text, and could not be read as a mask, may stay. */
  keeps(spot: Spot): boolean {
    if (this.form(spot) === undefined) return true
    this.tally.field(spot.trail)
    return false
  }

  text(text: string, spot: Spot): string | undefined {
    const form = this.form(spot)
    if (form !== undefined) return this.#inForm(text, form, spot)
    const plain =
      spot.place.treatment === 'presigned' ? this.#masks.withoutSignatures(text, this.tally) : text
    return this.#masks.detects ? this.detected(plain, spot.context) : plain
  }

  /** A text without what detectors find in it, also where the text is JSON itself. */
  detected(text: string, context: string | undefined): string {
    if (!this.#masks.detects) return text
    const detect = (part: string, name: string | undefined): string =>
      this.#masks.detect(part, name, this.tally)
    return maskNested(text, context, detect) ?? detect(text, context)
  }

  /** Whether a detector finds something in a number as it is written: a card's, where nothing says what it is. */
  findsIn(lexeme: string, context: string | undefined): boolean {
    return this.#masks.detects && this.#masks.detect(lexeme, context, this.tally) !== lexeme
  }

  /** A map's key: it stays, for it is what makes the value recognisable, unless a detector finds something in it. */
  mapKey(key: string, spot: Spot): string {
    return this.#masks.detects ? this.#masks.detect(key, spot.context, this.tally) : key
  }

  /** Binary data: as text if it is text, else as a whole. */
  blob(bytes: Buffer, spot: Spot): Buffer | undefined {
    const plain = isPlainText(bytes)
    const form = this.form(spot) ?? this.#formOfBinary(plain)
    if (form === undefined) return plain ? this.#textBlob(bytes, spot) : bytes
    const text = plain ? bytes.toString('utf8') : bytes.toString('base64')
    // What a part of binary data tells, nobody knows.
    const masked = this.#inForm(text, form === 'partial' && !plain ? 'full' : form, spot)
    return masked === undefined ? undefined : Buffer.from(masked, 'utf8')
  }

  #formOfBinary(plain: boolean): MaskForm | undefined {
    return plain || !this.#masks.detects || this.#masks.passBinary ? undefined : 'full'
  }

  #textBlob(bytes: Buffer, spot: Spot): Buffer | undefined {
    const before = bytes.toString('utf8')
    const after = this.text(before, spot)
    if (after === undefined) return undefined
    return after === before ? bytes : Buffer.from(after, 'utf8')
  }

  /** Where a detector hides more than the field's form would, its form is taken. */
  #inForm(text: string, form: MaskForm, spot: Spot): string | undefined {
    this.tally.field(spot.trail)
    const weak = form === 'partial' || form === 'hash'
    const detected = weak && this.#masks.detects ? this.#masks.detectedForm(text, spot.context) : undefined
    return this.#masks.inForm(text, stricter(form, detected) ?? form)
  }
}
