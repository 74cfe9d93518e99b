import type {
  Context,
  Decision,
  DecisionRequest,
  Demand,
  DenialKind,
  Obligation,
  Pair,
  StatementRef,
} from '../core/decision.ts'
import type { Lookup } from './compare.ts'
import type { CompiledStatement, PolicySet } from './compile.ts'
import type { Resolve } from './variables.ts'

/**
 * Policies that limit together: a request must be allowed by every layer. The first is the role's own;
 * `boundary` layers only take away.
 */
export interface PolicyLayer {
  readonly kind: 'role' | 'boundary'
  /** What it is called in an answer: `the boundary`, `the session policy`. */
  readonly name: string
  readonly policies: PolicySet
}

/** What of a request is decided: whoever asks is in its context. */
export type Asking = Pick<DecisionRequest, 'pairs' | 'context'> & Partial<DecisionRequest>

/** A request's keys, for conditions and for variables. */
interface Keys {
  readonly lookup: Lookup
  readonly resolve: Resolve
}

/** What matched, gathered over all pairs; each statement once. */
interface Gathered {
  readonly allowed: Set<StatementRef>
  readonly masks: Map<StatementRef, Obligation>
  readonly demands: Map<StatementRef, Demand>
  readonly brokeGlass: Map<StatementRef, Demand>
  /** What the broken glass stands for, its own demand too. */
  readonly waived: Map<StatementRef, Demand>
}

/**
 * The answer to a request: every pair is decided, and the strictest answer holds. Default deny; an explicit
 * Deny in any layer wins; every layer must allow; then whoever demands an approval is heard. Pure.
 */
export function decide(request: Asking, layers: readonly PolicyLayer[]): Decision {
  const gathered: Gathered = {
    allowed: new Set(),
    masks: new Map(),
    demands: new Map(),
    brokeGlass: new Map(),
    waived: new Map(),
  }
  let weaker: Decision | undefined
  for (const pair of request.pairs) {
    const denial = decidePair(pair, keysOf(request.context, pair.context), layers, gathered)
    if (denial?.denial?.kind === 'explicit') return denial
    weaker ??= denial
  }
  if (weaker !== undefined) return weaker
  if (request.pairs.length === 0)
    return deny('implicit', [], 'the call asks for nothing that a policy could allow')
  return granted(gathered)
}

/**
 * Nothing denies it: it is allowed, or asked for. Where people are asked in any case, the glass is left whole:
 * it would let them approve a call of which others, who would be told of broken glass, never hear.
 */
function granted({ allowed, masks, demands, brokeGlass, waived }: Gathered): Decision {
  const statements = [...allowed]
  const obligations = [...masks.values()]
  if (demands.size > 0) {
    const all = new Map([...demands, ...waived])
    return {
      effect: 'ask',
      statements: [...new Set([...all.keys(), ...allowed])],
      obligations,
      demands: [...all.values()],
    }
  }
  if (brokeGlass.size === 0) return { effect: 'allow', statements, obligations }
  return { effect: 'allow', statements, obligations, brokeGlass: [...brokeGlass.values()] }
}

/** Gathers what matched; gives the denial where there is one. */
function decidePair(
  pair: Pair,
  keys: Keys,
  layers: readonly PolicyLayer[],
  gathered: Gathered,
): Decision | undefined {
  let missing: PolicyLayer | undefined
  for (const layer of layers) {
    const relevant = layer.policies.relevant(pair.action)
    const denying = matching(relevant.deny, pair, keys)
    if (denying.length > 0) return denied(pair, denying)
    const allowing = relevant.allow.filter(statement => speaksOf(statement, pair, keys))
    if (allowing.length === 0) missing ??= layer
    for (const { ref } of allowing) gathered.allowed.add(ref)
    if (relevant.approval.length > 0) gatherDemands(relevant.approval, allowing, pair, keys, gathered)
    gatherMasks(relevant.mask, pair, keys, gathered)
    for (const shown of pair.shows ?? []) {
      gatherMasks(layer.policies.relevant(shown.action).mask, shown, keys, gathered)
    }
  }
  // A boundary only takes away: without a role there is nothing to take from.
  if (missing !== undefined || !layers.some(({ kind }) => kind === 'role')) return notAllowed(pair, missing)
  return undefined
}

/**
 * What the statements of one layer demand. A break-glass statement that is surely about the pair stands for
 * all the others of its layer; what another layer demands it cannot waive.
 */
function gatherDemands(
  asking: readonly CompiledStatement[],
  allowing: readonly CompiledStatement[],
  pair: Pair,
  keys: Keys,
  { demands, brokeGlass, waived }: Gathered,
): void {
  const glass = allowing.filter(({ source }) => source.approval?.breakGlass === true)
  for (const statement of glass) brokeGlass.set(statement.ref, demandOf(statement))
  const into = glass.length > 0 ? waived : demands
  for (const statement of asking) {
    if (speaksOf(statement, pair, keys)) into.set(statement.ref, demandOf(statement))
  }
}

function gatherMasks(masks: readonly CompiledStatement[], pair: Pair, keys: Keys, gathered: Gathered): void {
  for (const statement of masks) {
    if (speaksOf(statement, pair, keys)) gathered.masks.set(statement.ref, obligation(statement))
  }
}

/** What a `RequireApproval` statement demands. */
export function demandOf({ ref, source }: CompiledStatement): Demand {
  const { from = [], count = 1, validForMs = 0, uses = 0, holdMs = 0 } = source.approval ?? {}
  return { statement: ref, from, count, validForMs, uses, holdMs }
}

function obligation({ ref, source }: CompiledStatement): Obligation {
  const { fields = [], columns = [], detect = [], as = 'full', otherObjects = 'deny' } = source.mask ?? {}
  return { kind: 'mask', fields, columns, detect, as, otherObjects, from: ref }
}

function matching(statements: readonly CompiledStatement[], pair: Pair, keys: Keys): readonly StatementRef[] {
  let found: StatementRef[] | undefined
  for (const statement of statements) {
    if (!speaksOf(statement, pair, keys)) continue
    found ??= []
    found.push(statement.ref)
  }
  return found ?? NONE
}

const NONE: readonly StatementRef[] = []

/** Whether the statement is about the pair, its action aside. */
export function speaksOf(statement: CompiledStatement, pair: Pair, { lookup, resolve }: Keys): boolean {
  if (!statement.resource(pair, resolve)) return false
  for (const condition of statement.conditions) if (!condition(lookup, resolve)) return false
  return true
}

/** The keys of a request, those of one pair first. */
export function keysOf(context: Context, ofPair: Context | undefined): Keys {
  const lookup: Lookup =
    ofPair === undefined ? key => context.get(key) : key => ofPair.get(key) ?? context.get(key)
  return {
    lookup,
    resolve(key) {
      const values = lookup(key)
      return values?.length === 1 ? values[0] : undefined
    },
  }
}

function denied(pair: Pair, by: readonly StatementRef[]): Decision {
  return deny('explicit', by, `${about(pair)} is denied${sayWho(by)}`, pair)
}

/** The statement, for a sentence, and the reason that it gives. */
function sayWho([first]: readonly StatementRef[]): string {
  if (first === undefined) return ''
  const why = first.reason === undefined ? '' : `: ${first.reason}`
  return ` by the statement \`${first.statement}\` of \`${first.policy}\`${why}`
}

function notAllowed(pair: Pair, layer: PolicyLayer | undefined): Decision {
  if (layer?.kind === 'boundary') {
    return deny('boundary', [], `no statement of ${layer.name} allows ${about(pair)}`, pair)
  }
  return deny('implicit', [], `no statement allows ${about(pair)}`, pair)
}

function about({ action, resource, certainty }: Pair): string {
  const unknown = certainty === 'any' ? ' (parts of which the request does not tell)' : ''
  return `\`${action}\` on \`${resource}\`${unknown}`
}

function deny(kind: DenialKind, statements: readonly StatementRef[], reason: string, pair?: Pair): Decision {
  return {
    effect: 'deny',
    statements,
    obligations: [],
    denial: { kind, reason, ...(pair === undefined ? {} : { pair }) },
  }
}
