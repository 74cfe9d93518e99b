import type { Readable } from 'node:stream'
import type { MaskForm } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import type { JsonObject } from '../../core/json.ts'
import type { MaskedReply, MaskPlan, MaskRule, MaskSummary, ObjectMasking, ReplyToMask } from '../port.ts'
import { DEFAULT_OBJECT_LIMITS, type ObjectLimits } from './limits.ts'
import { maskObject, type ObjectPorts } from './object-mask.ts'
import { type ObjectRead, prepareObjectRead } from './object-read.ts'
import type { TextMasker } from './passage.ts'

/** A masker that counts what it has masked. */
export interface CountingMasker extends TextMasker {
  readonly count: number
}

/** Detectors that look together, ready for any number of streams. */
export interface ObjectDetectors {
  /** `context`: the name of what the text is of, where that is a header; absent for contents. */
  stream(masking: {
    readonly form: MaskForm
    readonly hashKey: Buffer
    readonly sameLength: true
    readonly context?: string
  }): CountingMasker
}

export interface ObjectMaskingOptions {
  /**
   * Compiles detectors; what it returns is kept.
   * @throws GateError for a name that is no detector's
   */
  readonly detectors: (names: readonly string[]) => ObjectDetectors
  /** The key of the form `hash`. */
  readonly hashKey: Buffer
  readonly limits?: ObjectLimits
}

/** Sets of detectors that are kept; policies have few, and each takes milliseconds to compile. */
const MAX_COMPILED = 500

/** What one form of masking looks for. */
interface FormedDetectors {
  readonly form: MaskForm
  readonly detectors: readonly string[]
}

/** The strictest form first: what one has masked, the next does not see. */
const BY_STRICTNESS: readonly MaskForm[] = ['null', 'full', 'hash', 'partial']

/** Masks the contents of S3 objects by what the detectors of a plan find; see `maskObject`. */
export class StreamedObjects implements ObjectMasking {
  readonly #options: ObjectMaskingOptions
  readonly #compiled = new Map<string, ObjectDetectors>()

  constructor(options: ObjectMaskingOptions) {
    this.#options = options
  }

  /**
   * @param reply to the request that `prepareObjectRead` made of the call
   * @param again sends another read of the same object; see `ObjectPorts`
   */
  async mask(plan: MaskPlan, reply: ReplyToMask, again?: ObjectPorts['again']): Promise<MaskedReply> {
    const rules = plan.rules.filter(({ detect }) => detect.length > 0)
    const formed = byForm(rules)
    const counts = formed.map(({ detectors }) => new MaskersOf(detectors))
    const rule = {
      maskers: (name?: string) =>
        formed.map(({ form, detectors }, i) => {
          const context = name === undefined ? {} : { context: name }
          const { hashKey } = this.#options
          const masker = this.#detectors(detectors).stream({ form, hashKey, sameLength: true, ...context })
          counts[i]?.add(masker)
          return masker
        }),
      otherObjects: rules.every(({ otherObjects }) => otherObjects === 'pass') ? 'pass' : 'deny',
    } as const
    const limits = this.#options.limits ?? DEFAULT_OBJECT_LIMITS
    const read = readOf(plan.call.parameters)
    const masked = await maskObject(read, rule, reply, again === undefined ? { limits } : { limits, again })
    const { status, headers, body } = masked
    return { status, headers, body, summary: summaryOf(body, counts) }
  }

  #detectors(names: readonly string[]): ObjectDetectors {
    const key = JSON.stringify(names)
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const compiled = this.#options.detectors(names)
    if (this.#compiled.size >= MAX_COMPILED) this.#compiled.clear()
    this.#compiled.set(key, compiled)
    return compiled
  }
}

/** The read that the parameters of a `GetObject` describe. */
export function readOf(parameters: JsonObject): ObjectRead {
  const query = Object.entries(parameters).flatMap(([name, value]) => {
    if (name === 'PartNumber') return ['partNumber=']
    if (!name.startsWith('Response') || typeof value !== 'string') return []
    const parameter = name.replaceAll(/(?!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()
    return [`${parameter}=${encodeURIComponent(value)}`]
  })
  const { Range } = parameters
  const headers: NameValue[] = typeof Range === 'string' ? [['range', Range]] : []
  return prepareObjectRead({ headers, query: query.join('&') }).read
}

function byForm(rules: readonly MaskRule[]): FormedDetectors[] {
  return BY_STRICTNESS.flatMap(form => {
    const names = rules.filter(({ as }) => as === form).flatMap(({ detect }) => detect)
    return names.length === 0 ? [] : [{ form, detectors: [...new Set(names)] }]
  })
}

/** What the maskers of the same detectors have masked together. */
class MaskersOf {
  readonly #detectors: readonly string[]
  readonly #maskers: CountingMasker[] = []

  constructor(detectors: readonly string[]) {
    this.#detectors = detectors
  }

  add(masker: CountingMasker): void {
    this.#maskers.push(masker)
  }

  get name(): string {
    return this.#detectors.join(', ')
  }

  get count(): number {
    return this.#maskers.reduce((sum, { count }) => sum + count, 0)
  }
}

function summaryOf(body: Readable, counts: readonly MaskersOf[]): Promise<MaskSummary> {
  const summary = new Promise<MaskSummary>((resolve, reject) => {
    body.once('end', () => {
      const detected = counts.map(({ name, count }) => ({ name, count })).filter(({ count }) => count > 0)
      resolve({ fields: [], detected, values: detected.reduce((sum, { count }) => sum + count, 0) })
    })
    body.once('close', () =>
      reject(body.errored ?? new GateError('client-gone', 'the client left an object')),
    )
  })
  // Whoever reads the body learns of its end from the body, too, and may not ask for the summary.
  summary.catch(() => undefined)
  return summary
}
