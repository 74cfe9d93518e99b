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

/** What must be done if the request is let through; if it can't be done, deny. */
export interface Obligation {
  readonly kind: 'mask'
  readonly fields: readonly string[]
  readonly from: StatementRef
}

/** Why a request was denied. */
export type DenialKind =
  | 'explicit' // a Deny matched
  | 'implicit' // nothing allowed it
  | 'boundary' // the role's boundary or a delegation's scope did not allow it
  | 'refused' // it never came to a decision: not understood, not authentic, beyond a limit

export interface Denial {
  readonly kind: DenialKind
  /** The pair that decided; absent when the request was refused before it had any. */
  readonly pair?: Pair
  /** The error code, for `refused`. */
  readonly code?: string
  /** Public prose: why. */
  readonly reason: string
}

/** The answer to a `DecisionRequest`. */
export interface Decision {
  readonly effect: 'allow' | 'deny'
  /** The statements that made it: all that denied, or for each pair the ones that allowed. */
  readonly statements: readonly StatementRef[]
  readonly obligations: readonly Obligation[]
  /** Set if and only if `effect` is `deny`. */
  readonly denial?: Denial
}
