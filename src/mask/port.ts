import type { Readable } from 'node:stream'
import type { Protocol } from '../catalog/model.ts'
import type { MaskForm } from '../core/decision.ts'
import type { HttpReplyHead, NameValue } from '../core/http.ts'
import type { JsonObject } from '../core/json.ts'

/** The call whose reply is to be masked, as the gate understood it. */
export interface MaskedCall {
  /** The catalog's service id. */
  readonly service: string
  readonly operation: string
  /** Of the request, and so of the reply. */
  readonly protocol: Protocol
  /** By the names of the AWS API. */
  readonly parameters: JsonObject
}

/** What one obligation asks for, or the built-in set does. */
export interface MaskRule {
  /** Patterns of members of the output: `Environment.Variables.*`; see `pattern.ts`. */
  readonly fields: readonly string[]
  /** Names of detectors. */
  readonly detect: readonly string[]
  readonly as: MaskForm
  /** What becomes of binary data in which nothing can be detected. */
  readonly otherObjects: 'deny' | 'pass'
  /** Made by `Masking.builtInRule`: a presigned URL among its fields loses its signature only. */
  readonly builtIn?: true
}

/** What is to be masked in one reply; made before the call is forwarded. */
export interface MaskPlan {
  readonly call: MaskedCall
  readonly rules: readonly MaskRule[]
  /** The reply is an S3 object that detectors look through: see `objects/`. */
  readonly object: boolean
}

/** A reply of the upstream, its body unread. Names of headers in lower case. */
export interface ReplyToMask extends HttpReplyHead {
  readonly body: Readable
}

/** What was masked, for the journal: never a value. */
export interface MaskSummary {
  /** By path, lists as `[]` and keys of maps as `*`: `Environment.Variables.*`; at most 100 of them. */
  readonly fields: readonly MaskCount[]
  /** By the name of the detector. */
  readonly detected: readonly MaskCount[]
  /** Values in all, those of paths beyond the hundred too. */
  readonly values: number
}

export interface MaskCount {
  readonly name: string
  readonly count: number
}

/** A reply that may go to the client. Its `content-length` fits where it has one. */
export interface MaskedReply extends HttpReplyHead {
  readonly body: Buffer | Readable
  /** Resolves when the body has ended; rejects, as the body breaks, with `reply-unmaskable`. */
  readonly summary: Promise<MaskSummary>
}

/** Sends another read of the same object: of all of it, or of a range. */
export type ReadAgainSender = (change: {
  /** The ETag of the object that was seen: S3's, not a masked one. */
  readonly ifMatch: string
  /** A `Range` header; absent: the whole object. */
  readonly range?: string
}) => Promise<ReplyToMask>

/** What masking one reply may need of the gate. */
export interface MaskPorts {
  /** Sends another read of the object that the call reads, where the plan is of one. */
  readonly again?: ReadAgainSender
  /**
   * Counts bytes of the reply that stay in memory until the call has ended.
   * @throws GateError `reply-unmaskable`: there is no room for them
   */
  readonly hold?: (bytes: number) => void
}

/** Masks the replies of AWS. */
export interface Masking {
  /**
   * Patterns of what is masked by default in this call's reply, each of which `gate:Unmask` may allow;
   * empty where the built-in set is turned off.
   */
  builtInFields(call: MaskedCall): readonly string[]
  /** The rule for those of `builtInFields` that the principal may not see. */
  builtInRule(fields: readonly string[]): MaskRule
  /**
   * Undefined: nothing is to be masked, the reply passes as it is.
   * @throws GateError `mask-rule-invalid` for a pattern or detector that nobody checked
   */
  plan(call: MaskedCall, rules: readonly MaskRule[]): MaskPlan | undefined
  /**
   * The masked reply. The body is destroyed where this rejects.
   * @throws GateError `reply-unmaskable`: it cannot be read in full, and is withheld
   */
  mask(plan: MaskPlan, reply: ReplyToMask, ports?: MaskPorts): Promise<MaskedReply>
  /** Headers of a request to S3, with its own ETags where they name those of masked objects. */
  storedEtags(headers: readonly NameValue[]): readonly NameValue[]
  /** The path of a parameter that carries a mask back: `Environment.Variables["PASSWORD"]`. */
  findMask(call: MaskedCall): string | undefined
}

/** Masks the contents of S3 objects; the heads of their replies have been masked already. */
export interface ObjectMasking {
  mask(plan: MaskPlan, reply: ReplyToMask, again?: ReadAgainSender): Promise<MaskedReply>
}
