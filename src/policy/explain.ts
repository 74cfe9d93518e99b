import type { Context, Decision, DecisionRequest, Obligation, Pair, StatementRef } from '../core/decision.ts'
import type { CompiledStatement } from './compile.ts'
import { decide, keysOf, type PolicyLayer, speaksOf } from './decide.ts'
import type { Condition } from './model.ts'
import { type Position, quote, visible } from './problem.ts'

/** A statement that had a say, or nearly had one. */
export interface ExplainedStatement {
  readonly ref: StatementRef
  /** The layer it belongs to: `the role`, `the role's boundary`. */
  readonly layer: string
  readonly at: Position
}

/** A statement about this action that did not hold, and the first thing in it that was not so. */
export interface NearMiss extends ExplainedStatement {
  readonly failed: 'resource' | 'condition'
  /** Prose: the resources it names, or the condition and the values of the request. */
  readonly because: string
}

export interface ExplainedPair {
  readonly pair: Pair
  readonly decision: Decision
  /** Statements about the pair, in the order of the documents. */
  readonly matched: readonly ExplainedStatement[]
  /** Those that come nearest first: with a condition that failed, then with other resources. */
  readonly near: readonly NearMiss[]
}

/** The answer to a request, and for each of its pairs what made it. */
export interface Explanation {
  readonly decision: Decision
  readonly pairs: readonly ExplainedPair[]
}

/** Near misses that are told of one pair. */
const MAX_NEAR = 8

/** Decides a request and tells why. The decision is the one that `decide` gives, not another opinion. */
export function explain(request: DecisionRequest, layers: readonly PolicyLayer[]): Explanation {
  return {
    decision: decide(request, layers),
    pairs: request.pairs.map(pair => ({
      pair,
      decision: decide({ ...request, pairs: [pair] }, layers),
      ...statementsOf(pair, request.context, layers),
    })),
  }
}

function statementsOf(
  pair: Pair,
  context: Context,
  layers: readonly PolicyLayer[],
): Pick<ExplainedPair, 'matched' | 'near'> {
  const keys = keysOf(context, pair.context)
  const matched: ExplainedStatement[] = []
  const near: NearMiss[] = []
  for (const { name: layer, policies } of layers) {
    for (const statement of policies.statements) {
      if (!statement.action(pair.action.toLowerCase())) continue
      const place = { ref: statement.ref, layer, at: statement.source.at }
      if (speaksOf(statement, pair, keys)) matched.push(place)
      else near.push({ ...place, ...whyNot(statement, pair, keys) })
    }
  }
  near.sort((a, b) => Number(a.failed === 'resource') - Number(b.failed === 'resource'))
  return { matched, near: near.slice(0, MAX_NEAR) }
}

type Keys = ReturnType<typeof keysOf>

function whyNot(
  { source, resource, conditions }: CompiledStatement,
  pair: Pair,
  { lookup, resolve }: Keys,
): Pick<NearMiss, 'failed' | 'because'> {
  if (!resource(pair, resolve)) {
    const { not = false, patterns = [] } = source.resources ?? {}
    const names = patterns.slice(0, 3).map(({ text }) => quote(text))
    const more = patterns.length > names.length ? ` and ${patterns.length - names.length} more` : ''
    const which = not ? 'everything but ' : ''
    return { failed: 'resource', because: `it is about ${which}${names.join(', ')}${more}` }
  }
  const failed = source.conditions.find((_, i) => conditions[i]?.(lookup, resolve) === false)
  return { failed: 'condition', because: failed === undefined ? '' : conditionProse(failed, lookup) }
}

function conditionProse({ operator, key, values }: Condition, lookup: Keys['lookup']): string {
  const wanted = list(values.map(({ text }) => text))
  const found = lookup(key.toLowerCase())
  const has = found === undefined || found.length === 0 ? 'has no such key' : `has ${list(found)}`
  return `it wants ${quote(key)} by \`${operator.name}\` ${wanted}, and the request ${has}`
}

function list(texts: readonly string[]): string {
  const shown = texts.slice(0, 3).map(quote)
  return texts.length > shown.length
    ? `${shown.join(', ')} and ${texts.length - shown.length} more`
    : shown.join(', ')
}

const HEADINGS = { allow: 'ALLOWED', ask: 'NEEDS AN APPROVAL: ', deny: 'DENIED: ' } as const

function maskProse({ fields, columns, detect, as }: Omit<Obligation, 'from'>): string {
  const what = [...fields, ...columns, ...detect.map(name => `what looks like ${name}`)]
  return `${visible(what.join(', '))}, in the form ${as}`
}

function demandProse({ demands = [], brokeGlass = [] }: Decision): string {
  const each = demands.map(({ statement, from, count }) => {
    const people = count === 1 ? '1 person' : `${count} people`
    return `${people} of ${list(from)} (\`${statement.statement}\`)`
  })
  if (brokeGlass.length > 0) each.push(' without the approval that it would need: break-glass')
  return each.join(', and ')
}

/** An explanation as it is read in a terminal. */
export function explanationProse({ decision, pairs }: Explanation): string {
  const lines = [HEADINGS[decision.effect] + visible(decision.denial?.reason ?? demandProse(decision))]
  for (const { from, ...what } of decision.obligations)
    lines.push(`  masked: ${maskProse(what)} (\`${from.statement}\`)`)
  if (pairs.length === 0) lines.push('  the call asks for nothing')
  for (const { pair, decision: own, matched, near } of pairs) {
    const unknown = pair.certainty === 'any' ? ' (parts of which the request does not tell)' : ''
    lines.push('', `${own.effect.padEnd(5)} ${visible(`${pair.action} on ${pair.resource}`)}${unknown}`)
    for (const statement of matched) lines.push(`  matched: ${placeProse(statement)}`)
    if (matched.length === 0) lines.push('  matched: no statement')
    for (const miss of near) lines.push(`  not ${placeProse(miss)}: ${miss.because}`)
  }
  return `${lines.join('\n')}\n`
}

function placeProse({ ref, layer, at }: ExplainedStatement): string {
  return `${ref.effect} \`${ref.statement}\` (${ref.policy}:${at.line}:${at.column}, ${layer})`
}
