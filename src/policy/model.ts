import type { MaskForm } from '../core/decision.ts'
import type { Located, Position } from './problem.ts'

/** A parsed and validated policy document. Nothing in it depends on a request. */
export interface PolicyDocument {
  /** File or other name: `StatementRef.policy`. */
  readonly name: string
  /** Policy variables are only variables in `2012-10-17`. */
  readonly version: '2012-10-17' | '2008-10-17'
  readonly statements: readonly Statement[]
}

export type Effect = 'Allow' | 'Deny' | 'RequireApproval' | 'Mask'

/** A list of patterns, or everything but that list. */
export interface Selector {
  /** True for `NotAction`, `NotResource`, `NotPrincipal`. */
  readonly not: boolean
  readonly patterns: readonly Located[]
}

export interface Statement {
  readonly at: Position
  /** From 1, in the document's order. */
  readonly number: number
  readonly sid?: string
  readonly effect: Effect
  readonly actions: Selector
  /** Absent in trust policies only. */
  readonly resources?: Selector
  /** Present in trust policies only. */
  readonly principals?: PrincipalSelector
  /** All must hold. */
  readonly conditions: readonly Condition[]
  /** Told to a client that the statement denies. */
  readonly reason?: string
  /** Present if and only if the effect is `RequireApproval`. */
  readonly approval?: ApprovalTerms
  /** Present if and only if the effect is `Mask`. */
  readonly mask?: MaskTerms
}

export type PrincipalType = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser' | '*'

export interface PrincipalSelector {
  readonly not: boolean
  readonly principals: readonly { readonly type: PrincipalType; readonly value: Located }[]
}

/** One key under one operator. */
export interface Condition {
  readonly at: Position
  readonly operator: Operator
  /** As written; keys compare without case. */
  readonly key: string
  readonly keyAt: Position
  readonly values: readonly Located[]
}

/** How a value of a request is compared with one of the policy; the rest of an operator is in flags. */
export type Comparison =
  | 'StringEquals'
  | 'StringEqualsIgnoreCase'
  | 'StringLike'
  | 'NumericEquals'
  | 'NumericLessThan'
  | 'NumericLessThanEquals'
  | 'NumericGreaterThan'
  | 'NumericGreaterThanEquals'
  | 'DateEquals'
  | 'DateLessThan'
  | 'DateLessThanEquals'
  | 'DateGreaterThan'
  | 'DateGreaterThanEquals'
  | 'Bool'
  | 'BinaryEquals'
  | 'IpAddress'
  | 'ArnLike'
  | 'Null'

/** A condition operator, taken apart. */
export interface Operator {
  /** As written: `ForAnyValue:StringNotLikeIfExists`. */
  readonly name: string
  readonly comparison: Comparison
  readonly negated: boolean
  readonly ifExists: boolean
  readonly set?: 'ForAllValues' | 'ForAnyValue'
}

/** `Approval` of a `RequireApproval` statement. Durations in milliseconds. */
export interface ApprovalTerms {
  readonly from: readonly string[]
  readonly count: number
  readonly validForMs: number
  readonly uses: number
  readonly holdMs: number
  readonly breakGlass: boolean
}

/** `Mask` of a `Mask` statement. */
export interface MaskTerms {
  readonly fields: readonly string[]
  readonly columns: readonly string[]
  readonly detect: readonly string[]
  readonly as: MaskForm
  readonly otherObjects: 'deny' | 'pass'
}

/** `Sid`, or the statement's number from 1 as `#3`. */
export function statementName(statement: Statement): string {
  return statement.sid ?? `#${statement.number}`
}
