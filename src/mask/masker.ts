import type { Catalog } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import type { NameValue } from '../core/http.ts'
import { BuiltIn } from './built-in.ts'
import { canMatch } from './check-fields.ts'
import { findMask } from './find-mask.ts'
import type { EtagSeal } from './objects/etag-seal.ts'
import { hasRawPayload, type RepliesOf, repliesOf } from './operation.ts'
import type {
  MaskedCall,
  MaskedReply,
  Masking,
  MaskPlan,
  MaskPorts,
  MaskRule,
  ObjectMasking,
  ReadAgainSender,
  ReplyToMask,
} from './port.ts'
import { maskEvents, maskHead, maskObjectReply, maskPayload, maskWhole, type ReplyWork } from './reply.ts'
import { type CompiledRules, compileRules, type TextTools } from './rules.ts'
import { unmaskable } from './unmaskable.ts'

export interface MaskLimits {
  /** Bytes of a body that is read whole to be masked, and of what it is when decompressed. */
  readonly bodyBytes: number
}

export const DEFAULT_MASK_LIMITS: MaskLimits = { bodyBytes: 16 * 1024 * 1024 }

export interface MaskerOptions {
  readonly catalog: Catalog
  readonly texts: TextTools
  /** Without it, an S3 object that detectors would have to look through is withheld. */
  readonly objects?: ObjectMasking
  /** Without it, ETags of masked objects are S3's, which may be digests of what is masked. */
  readonly etags?: EtagSeal
  readonly limits?: MaskLimits
  /** Whether the built-in set is masked. */
  readonly builtIn: boolean
}

/** Compiled sets of rules that are kept; policies have few, and each operation sees the same again and again. */
const MAX_COMPILED = 2000

/** Statuses of replies that never have a body (https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1). */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Masks the replies of AWS; see `port.ts`. */
export class Masker implements Masking {
  readonly #catalog: Catalog
  readonly #texts: TextTools
  readonly #objects: ObjectMasking | undefined
  readonly #etags: EtagSeal | undefined
  readonly #limits: MaskLimits
  readonly #builtIn: BuiltIn | undefined
  readonly #compiled = new Map<string, CompiledRules>()

  constructor(options: MaskerOptions) {
    this.#catalog = options.catalog
    this.#texts = options.texts
    this.#objects = options.objects
    this.#etags = options.etags
    this.#limits = options.limits ?? DEFAULT_MASK_LIMITS
    this.#builtIn = options.builtIn ? new BuiltIn(options.catalog) : undefined
  }

  builtInFields(call: MaskedCall): readonly string[] {
    return this.#builtIn?.fields(call) ?? []
  }

  builtInRule(fields: readonly string[]): MaskRule {
    return { fields, detect: [], as: 'full', otherObjects: 'pass', builtIn: true }
  }

  plan(call: MaskedCall, given: readonly MaskRule[]): MaskPlan | undefined {
    const replies = repliesOf(this.#catalog, call)
    const all = isMaskedObject(call, given) ? [...given, digestRule(call)] : given
    // The built-in ones were made of this very output, and there may be thousands.
    const useful = all
      .map(rule =>
        rule.builtIn === true
          ? rule
          : { ...rule, fields: rule.fields.filter(field => canMatch(replies, field)) },
      )
      .filter(({ fields, detect }) => fields.length + detect.length > 0)
    if (useful.length === 0) return undefined
    const detects = useful.some(({ detect }) => detect.length > 0)
    if (detects && replies.events !== undefined) {
      throw new GateError(
        'reply-unmaskable',
        `the reply of \`${call.operation}\` is a stream of events, in which a detector could miss a match`,
      )
    }
    const object = detects && call.service === 's3' && call.operation === 'GetObject'
    return new ReplyPlan(call, useful, object, replies, this.#compile(call, useful))
  }

  async mask(plan: MaskPlan, reply: ReplyToMask, ports: MaskPorts = {}): Promise<MaskedReply> {
    try {
      if (!(plan instanceof ReplyPlan)) throw new GateError('internal', 'the plan is none of this masker')
      const { again, hold = () => undefined } = ports
      const limits = { maxBytes: this.#limits.bodyBytes, hold }
      const work = { replies: plan.replies, rules: plan.compiled, limits }
      const masked = await this.#mask(plan, work, reply, again)
      return isMaskedObject(plan.call, plan.rules) ? this.#withSealedEtag(masked) : masked
    } catch (error) {
      reply.body.destroy()
      throw error
    }
  }

  storedEtags(headers: readonly NameValue[]): readonly NameValue[] {
    return this.#etags?.opened(headers) ?? headers
  }

  #withSealedEtag(reply: MaskedReply): MaskedReply {
    const seal = this.#etags
    if (seal === undefined) return reply
    const headers = reply.headers.map(([name, value]): NameValue => {
      return [name, name === 'etag' ? seal.seal(value) : value]
    })
    return { ...reply, headers }
  }

  findMask(call: MaskedCall): string | undefined {
    return findMask(call.parameters)
  }

  async #mask(
    plan: ReplyPlan,
    work: ReplyWork,
    reply: ReplyToMask,
    again: ReadAgainSender | undefined,
  ): Promise<MaskedReply> {
    const { replies } = work
    if (replies.head.method === 'HEAD' || BODILESS.has(reply.status)) return maskHead(work, reply)
    if (plan.object) return maskObjectReply(work, reply, rest => this.#maskObject(plan, rest, again))
    if (reply.status >= 300) return maskWhole(work, reply)
    if (replies.events !== undefined) return maskEvents(work, replies.events, reply)
    const { payload } = replies
    if (payload === undefined || !hasRawPayload(replies)) return maskWhole(work, reply)
    return maskPayload(work, payload, reply)
  }

  #maskObject(plan: MaskPlan, reply: ReplyToMask, again: ReadAgainSender | undefined): Promise<MaskedReply> {
    if (this.#objects === undefined) throw unmaskable('it is an object, and nothing looks through objects')
    return this.#objects.mask(plan, reply, again)
  }

  /** The built-in rule is another list for each call, so that rules are told apart by what they say. */
  #compile(call: MaskedCall, rules: readonly MaskRule[]): CompiledRules {
    const key = JSON.stringify([call.service, call.operation, rules])
    const known = this.#compiled.get(key)
    if (known !== undefined) return known
    const presigned = this.#builtIn?.presigned(call) ?? new Set()
    const compiled = compileRules(rules, presigned, this.#texts)
    if (this.#compiled.size >= MAX_COMPILED) this.#compiled.clear()
    this.#compiled.set(key, compiled)
    return compiled
  }
}

/** What tells of an object that detectors look through: its digests would tell what they mask. */
const OF_AN_OBJECT: ReadonlySet<string> = new Set(['GetObject', 'GetObjectAttributes', 'HeadObject'])

function isMaskedObject({ service, operation }: MaskedCall, rules: readonly MaskRule[]): boolean {
  return service === 's3' && OF_AN_OBJECT.has(operation) && rules.some(({ detect }) => detect.length > 0)
}

/** What is left out; the ETag in a header is sealed, and the contents themselves come without digests. */
function digestRule({ operation }: MaskedCall): MaskRule {
  const fields: Readonly<Record<string, readonly string[]>> = {
    GetObjectAttributes: ['ETag', 'Checksum', 'ObjectParts.Parts[].Checksum*'],
    HeadObject: ['Checksum*'],
  }
  return { fields: fields[operation] ?? [], detect: [], as: 'null', otherObjects: 'pass' }
}

class ReplyPlan implements MaskPlan {
  readonly call: MaskedCall
  readonly rules: readonly MaskRule[]
  readonly object: boolean
  readonly replies: RepliesOf
  readonly compiled: CompiledRules

  constructor(
    call: MaskedCall,
    rules: readonly MaskRule[],
    object: boolean,
    replies: RepliesOf,
    compiled: CompiledRules,
  ) {
    this.call = call
    this.rules = rules
    this.object = object
    this.replies = replies
    this.compiled = compiled
  }
}
