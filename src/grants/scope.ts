import type { Demand } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import { covers, known, partlyKnown } from './glob.ts'
import type { RequestedCall, RequestedScope } from './model.ts'

/** Patterns of one kind in a scope. A person must be able to read what they approve. */
const MAX_PATTERNS = 20
const MAX_PATTERN_LENGTH = 512

/** What a call must be to pass by standing access. */
export interface ScopedCall {
  readonly pairs: RequestedCall['pairs']
  readonly demands: readonly Demand[]
}

/** The part of an access request that standing access rests on. */
export interface Standing {
  readonly scope: RequestedScope
  /** Those under which it was approved. */
  readonly demands: readonly Demand[]
}

/**
 * Whether standing access covers a call: each of its pairs is within the scope, and each of its demands is one
 * under which the scope was approved. Else what two people must approve would pass by what one has.
 */
export function scopeCovers({ scope, demands }: Standing, call: ScopedCall): boolean {
  return (
    call.pairs.length > 0 &&
    call.pairs.every(pair => pairWithin(scope, pair)) &&
    call.demands.every(demand => demands.some(approved => sameDemand(approved, demand)))
  )
}

/** Whether the same statement asks the same number of the same people. */
function sameDemand(a: Demand, b: Demand): boolean {
  return (
    a.statement.policy === b.statement.policy &&
    a.statement.statement === b.statement.statement &&
    a.count === b.count &&
    a.from.every(from => b.from.includes(from)) &&
    b.from.every(from => a.from.includes(from))
  )
}

type ScopedPair = RequestedCall['pairs'][number]

/** Actions are compared without case, ARNs with it, as IAM does. */
function pairWithin(scope: RequestedScope, { action, resource, certainty }: ScopedPair): boolean {
  const lower = known(action.toLowerCase())
  return (
    scope.actions.some(pattern => covers(pattern.toLowerCase(), lower)) &&
    scope.resources.some(pattern => arnWithin(pattern, resource, certainty === 'exact'))
  )
}

/**
 * Whether a pattern covers an ARN, each of the six components by itself: no `*` reaches over one of the first
 * five colons. That is narrower than `Resource` in a policy: what is approved is what is read. A pattern that
 * is `*` covers everything, also the `*` of actions that take no resource.
 */
function arnWithin(pattern: string, resource: string, exact: boolean): boolean {
  if (pattern === '*') return true
  const wanted = components(pattern)
  const parts = components(resource)
  return (
    wanted.length === 6 &&
    parts.length === 6 &&
    wanted.every((component, index) => {
      const part = parts[index] ?? ''
      return covers(component, exact ? known(part) : partlyKnown(part))
    })
  )
}

/** `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` as its six components; the last may hold colons. */
function components(arn: string): string[] {
  const [a, b, c, d, e, ...rest] = arn.split(':')
  return rest.length === 0 ? [arn] : [a, b, c, d, e, rest.join(':')].map(part => part ?? '')
}

/**
 * Throws `request-invalid` for a scope that no one could approve with open eyes, or that covers nothing: an
 * action is `SERVICE:PATTERN` or `*`; a resource has the six components of an ARN or is `*`.
 */
export function checkScope({ actions, resources }: RequestedScope): void {
  check('action', actions, pattern => pattern === '*' || /^[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+$/.test(pattern))
  check('resource', resources, pattern => pattern === '*' || isArnPattern(pattern))
}

/** Without what could show another text than it is. */
function isArnPattern(pattern: string): boolean {
  return pattern.startsWith('arn:') && components(pattern).length === 6 && /^[!-~]+$/.test(pattern)
}

function check(what: string, patterns: readonly string[], isSound: (pattern: string) => boolean): void {
  if (patterns.length === 0 || patterns.length > MAX_PATTERNS) {
    throw new GateError(
      'request-invalid',
      `a scope names 1 to ${MAX_PATTERNS} ${what}s, not ${patterns.length}`,
    )
  }
  const long = patterns.find(pattern => pattern.length > MAX_PATTERN_LENGTH)
  if (long !== undefined) {
    throw new GateError(
      'request-invalid',
      `a ${what} of the scope is longer than ${MAX_PATTERN_LENGTH} characters`,
    )
  }
  const wrong = patterns.findIndex(pattern => !isSound(pattern))
  if (wrong >= 0) {
    throw new GateError(
      'request-invalid',
      `${what} ${wrong + 1} of the scope is no pattern of an ${what === 'action' ? 'IAM action' : 'ARN'}`,
    )
  }
}
