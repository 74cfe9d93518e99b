import type {
  Context,
  Decision,
  DecisionRequest,
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

export interface DecideOptions {
  /** The caller can carry out masks; where it can't, a reply that needs one is not let through. */
  readonly canMask?: boolean
}

/** A request's keys, for conditions and for variables. */
interface Keys {
  readonly lookup: Lookup
  readonly resolve: Resolve
}

/**
 * The answer to a request: every pair is decided, and the strictest answer holds. Default deny; an explicit
 * Deny in any layer wins; every layer must allow. Pure.
 */
export function decide(
  request: DecisionRequest,
  layers: readonly PolicyLayer[],
  options: DecideOptions = {},
): Decision {
  const allowed = new Set<StatementRef>()
  const masks = new Map<StatementRef, Obligation>()
  let weaker: Decision | undefined
  for (const pair of request.pairs) {
    const found = decidePair(pair, keysOf(request.context, pair.context), layers, masks)
    if (Array.isArray(found)) {
      for (const ref of found) allowed.add(ref)
    } else if (found.denial?.kind === 'explicit') {
      return found
    } else {
      weaker ??= found
    }
  }
  if (weaker !== undefined) return weaker
  if (request.pairs.length === 0)
    return deny('implicit', [], 'the call asks for nothing that a policy could allow')
  // A mask of columns is none that a reply of AWS could take.
  const maskable = options.canMask === true && [...masks.values()].every(({ fields }) => fields.length > 0)
  if (masks.size > 0 && !maskable) {
    return deny(
      'explicit',
      [...masks.keys()],
      'its reply would have to be masked, and this gate cannot mask it',
    )
  }
  return { effect: 'allow', statements: [...allowed], obligations: [...masks.values()] }
}

/** The statements that allow the pair, or the denial. */
function decidePair(
  pair: Pair,
  keys: Keys,
  layers: readonly PolicyLayer[],
  masks: Map<StatementRef, Obligation>,
): StatementRef[] | Decision {
  const allowed: StatementRef[] = []
  let missing: PolicyLayer | undefined
  const approval: StatementRef[] = []
  for (const layer of layers) {
    const relevant = layer.policies.relevant(pair.action)
    const denying = matching(relevant.deny, pair, keys)
    if (denying.length > 0) return denied(pair, denying)
    const asking = matching(relevant.approval, pair, keys)
    const allowing = matching(relevant.allow, pair, keys)
    if (asking.length > 0) approval.push(...asking)
    if (asking.length + allowing.length === 0) missing ??= layer
    allowed.push(...allowing)
    for (const statement of relevant.mask) {
      if (speaksOf(statement, pair, keys)) masks.set(...obligation(statement))
    }
  }
  // A boundary only takes away: without a role there is nothing to take from.
  if (missing !== undefined || !layers.some(({ kind }) => kind === 'role')) return notAllowed(pair, missing)
  if (approval.length > 0) {
    const why = `needs an approval${sayWho(approval)}, and this gate takes none`
    return deny('explicit', approval, `${about(pair)} ${why}`, pair)
  }
  return allowed
}

function obligation({ ref, source }: CompiledStatement): [StatementRef, Obligation] {
  return [ref, { kind: 'mask', fields: source.mask?.fields ?? [], from: ref }]
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
