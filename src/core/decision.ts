import type { Principal } from './principal.ts'

/** An IAM action, `service:Name`, in AWS's own spelling. */
export type Action = string

/**
 * How well a resource is known.
 * - `exact`: the ARN names one resource (or is `*`, for actions that take no resource).
 * - `any`: parts of the ARN are unknown and written `*` (or `?`). An Allow must cover every resource that it
 *   could be; a Deny holds if it could be one that the Deny names.
 */
export type Certainty = 'exact' | 'any'

/** One question of a request: may this be done to that? */
export interface Pair {
  readonly action: Action
  readonly resource: string
  readonly certainty: Certainty
  /**
   * Other ARNs that the same resource may go by, with `*` and `?` where a part is unknown: the path of
   * an IAM role that was named without it. A Deny that could match one of these holds; an Allow need
   * not cover them.
   */
  readonly orAs?: readonly string[]
  /**
   * What may be read with it, and told by its result or its errors: masks for these hold for it, too, though nobody is asked
   * whether it may be read.
   */
  readonly shows?: readonly Pick<Pair, 'action' | 'resource' | 'certainty'>[]
  /** Condition keys that hold for this pair alone (`iam:PassedToService`), over the request's. */
  readonly context?: Context
}

/**
 * IAM condition keys and their values. Key names are lower case (IAM compares them without case);
 * values are always lists, and a key that is absent is not in the map. `multi` keys are marked by the
 * catalog, not here.
 */
export type Context = ReadonlyMap<string, readonly string[]>

/** The question that a policy answers. */
export interface DecisionRequest {
  readonly principal: Principal
  /** What is asked; each is decided, and the strictest answer holds. Never empty. */
  readonly pairs: readonly Pair[]
  readonly context: Context
}

/** Where a statement stands. */
export interface StatementRef {
  /** File or name of the policy document. */
  readonly policy: string
  /** `Sid`, or the statement's number from 1 as `#3`. */
  readonly statement: string
  readonly effect: 'Allow' | 'Deny' | 'RequireApproval' | 'Mask'
  /** The statement's `Reason`, for the client. */
  readonly reason?: string
}

/** How a value is made unreadable; see `docs/masks.md`. */
export type MaskForm = 'full' | 'partial' | 'hash' | 'null'

/** What must be done if the request is let through; if it can't be done, deny. */
export interface Obligation {
  readonly kind: 'mask'
  /** Patterns of members of the reply, by the names of the AWS API: `Environment.Variables.*`. */
  readonly fields: readonly string[]
  /** Patterns of columns of a result: for SQL alone. */
  readonly columns: readonly string[]
  /** Names of detectors that look through every text of the reply. */
  readonly detect: readonly string[]
  readonly as: MaskForm
  /** What becomes of an object in S3 in which nothing can be detected: an image, an archive. */
  readonly otherObjects: 'deny' | 'pass'
  readonly from: StatementRef
}

/** What one `RequireApproval` statement asks for. Durations in milliseconds. */
export interface Demand {
  readonly statement: StatementRef
  /** Who may approve: `group/NAME`, `person/ISSUER/SUBJECT`, or `admin`. Never empty. */
  readonly from: readonly string[]
  /** How many people must. */
  readonly count: number
  readonly validForMs: number
  readonly uses: number
  readonly holdMs: number
}

/** Why a request was denied. */
export type DenialKind =
  | 'explicit' // a Deny matched
  | 'implicit' // nothing allowed it
  | 'boundary' // the role's boundary or a delegation's scope did not allow it
  | 'approval' // it needs an approval that it does not have
  | 'refused' // it never came to a decision: not understood, not authentic, beyond a limit

export interface Denial {
  readonly kind: DenialKind
  /** The pair that decided; absent when the request was refused before it had any. */
  readonly pair?: Pair
  /** The error code, for `refused`. */
  readonly code?: string
  /** Public prose: why. */
  readonly reason: string
  /** For `approval`: the number of the access request. */
  readonly requestId?: string
  /** Where it can be seen and answered. */
  readonly requestUrl?: string
}

/**
 * The answer to a `DecisionRequest`. `ask`: it may pass once people have approved it, as `demands` say;
 * whoever carries the decision out settles it into one of the other two.
 */
export interface Decision {
  readonly effect: 'allow' | 'deny' | 'ask'
  /** The statements that made it: all that denied, or for each pair the ones that allowed or asked. */
  readonly statements: readonly StatementRef[]
  readonly obligations: readonly Obligation[]
  /** Set if and only if `effect` is `deny`. */
  readonly denial?: Denial
  /** Never empty if `effect` is `ask`; else absent. */
  readonly demands?: readonly Demand[]
  /** It passes without the approval that it would need, and these are told: a break-glass statement. */
  readonly brokeGlass?: readonly Demand[]
  /** The grant by which it passes; set where an `ask` was settled. */
  readonly grant?: GrantRef
}

/** A grant, one use of which was taken for a call. */
export interface GrantRef {
  /** The number of the access request. */
  readonly requestId: string
  /** Who approved: `ISSUER/SUBJECT`. */
  readonly by: readonly string[]
  /** `scope`: it is standing access, not for this call alone. */
  readonly kind: 'call' | 'scope'
}
