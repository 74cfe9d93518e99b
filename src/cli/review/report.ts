import {
  type Destructive,
  type Done,
  destructiveOf,
  freshOf,
  type Hours,
  hoursOf,
} from '../../record/review/compare.ts'
import type { RoleSpans, Span, Spans } from '../../record/review/spans.ts'
import { type Denial, type Often, RoleTally, statementKey } from '../../record/review/tally.ts'
import type { ReviewedRole, ReviewedStatement } from './ports.ts'

/** What a review says; this is also its JSON. Times in ms since the epoch. */
export interface ReviewReport {
  readonly span: Span
  /** The span of equal length with which it is compared. */
  readonly before: Span
  readonly roles: readonly RoleReview[]
  /** What came from nobody that the gate knew. */
  readonly unidentified: {
    readonly calls: number
    readonly denials: Few<GroupedDenial>
    readonly addresses: Few<Done>
  }
  /** Events whose role is not known, or of roles that were too many to be told apart. */
  readonly beyond: number
}

/** The first of a list, and how many there are. */
export interface Few<T> {
  readonly first: readonly T[]
  readonly count: number
}

export interface GroupedDenial extends Denial, Often {}

/** A statement that allows, and what of it was not used. */
export interface Unused {
  readonly policy: string
  readonly statement: string
  readonly effect: ReviewedStatement['effect']
  /** How many calls it decided. */
  readonly calls: number
  readonly usedActions: readonly string[]
  /** Actions that it allows and that nobody called; for a `NotAction` that is not known. */
  readonly unusedActions: Few<string>
}

export interface RoleReview {
  readonly roleArn: string
  /** Whether the configuration has it; else there is nothing to compare with. */
  readonly configured: boolean
  readonly calls: number
  readonly allowed: number
  readonly denied: number
  readonly failed: number
  /** Statements that allow and decided no call. */
  readonly neverUsed: readonly Unused[]
  /** Statements that were used, but not for all that they allow. */
  readonly partlyUsed: readonly Unused[]
  /** At least twice; the most frequent first. */
  readonly deniedAgain: Few<GroupedDenial>
  readonly fresh: {
    readonly actions: Few<Done>
    readonly resources: Few<Done>
    readonly addresses: Few<Done>
  }
  readonly hours: Hours
  readonly destructive: Few<Destructive>
  readonly approvals: RoleTally['approvals']
  readonly masks: { readonly calls: number; readonly values: number; readonly places: Few<Done> }
  /** The bounds that were hit: what is listed of this kind is not all. */
  readonly limits: RoleTally['beyond']
  readonly limitsBefore: RoleTally['beyond']
}

/** So much of each list is shown. */
export const SHOWN = 50

/** Puts what was done beside what the policies allow. `only`: roles that are of interest. */
export function reviewOf(
  spans: Spans,
  configured: readonly ReviewedRole[],
  accessLevel: (action: string) => string | undefined,
  only: (roleArn: string) => boolean = () => true,
): ReviewReport {
  const known = new Map(configured.map(role => [role.roleArn, role]))
  const arns = [...new Set([...known.keys(), ...spans.roles.keys()])].filter(only).toSorted()
  return {
    span: spans.span,
    before: spans.before,
    roles: arns.map(arn => roleReview(arn, spans.roles.get(arn), known.get(arn), accessLevel)),
    unidentified: {
      calls: spans.unidentified.now.calls,
      denials: few(denialsOf(spans.unidentified.now)),
      addresses: few(listed(spans.unidentified.now, 'addresses')),
    },
    beyond: spans.beyond,
  }
}

function roleReview(
  roleArn: string,
  found: RoleSpans | undefined,
  configured: ReviewedRole | undefined,
  accessLevel: (action: string) => string | undefined,
): RoleReview {
  const spans = found ?? { now: new RoleTally(), before: new RoleTally() }
  const { now, before } = spans
  const { calls, allowed, denied, failed } = now
  const allowing = (configured?.statements ?? []).filter(
    ({ effect }) => effect === 'Allow' || effect === 'RequireApproval',
  )
  const unused = allowing.map(statement => unusedOf(statement, now))
  return {
    roleArn,
    configured: configured !== undefined,
    ...{ calls, allowed, denied, failed },
    neverUsed: unused.filter(each => each.calls === 0),
    partlyUsed: unused.filter(each => each.calls > 0 && each.unusedActions.count > 0),
    deniedAgain: few(denialsOf(now).filter(({ count }) => count > 1)),
    fresh: {
      actions: few(freshOf(spans, 'actions')),
      resources: few(freshOf(spans, 'resources')),
      addresses: few(freshOf(spans, 'addresses')),
    },
    hours: hoursOf(spans),
    destructive: few(destructiveOf(spans, accessLevel)),
    approvals: now.approvals,
    masks: { calls: now.maskedCalls, values: now.maskedValues, places: few(listed(now, 'places')) },
    limits: now.beyond,
    limitsBefore: before.beyond,
  }
}

function unusedOf({ policy, statement, effect, actions, allBut }: ReviewedStatement, now: RoleTally): Unused {
  const isUsed = (action: string): boolean => now.actions.has(action)
  const rest = allBut ? [] : actions.filter(action => !isUsed(action))
  return {
    ...{ policy, statement, effect },
    calls: now.statements.get(statementKey(policy, statement))?.count ?? 0,
    usedActions: allBut ? [] : actions.filter(isUsed),
    unusedActions: few(rest),
  }
}

function denialsOf(tally: RoleTally): readonly GroupedDenial[] {
  return tally.denials.entries().flatMap(([key, often]) => {
    const denial = tally.denialsByKey.get(key)
    return denial === undefined ? [] : [{ ...denial, ...often }]
  })
}

function listed(tally: RoleTally, kind: 'addresses' | 'places'): readonly Done[] {
  return tally[kind].entries().map(([name, often]) => ({ name, ...often }))
}

function few<T>(list: readonly T[]): Few<T> {
  return { first: list.slice(0, SHOWN), count: list.length }
}
