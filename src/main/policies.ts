import { hash } from 'node:crypto'
import QuickLRU from 'quick-lru'
import type { PolicyKind } from '../config/findings.ts'
import type { Config, PolicyText, RoleConfig } from '../config/model.ts'
import type { Problem } from '../config/problem.ts'
import type { Context, Decision, DecisionRequest, Demand } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { Trusts } from '../identity/trust.ts'
import { canKnow } from '../interpret/aws/context.ts'
import { sqlResourcesOfNothing } from '../policy/check-sql-resources.ts'
import { compile } from '../policy/compile.ts'
import { decide, type PolicyLayer } from '../policy/decide.ts'
import { demandsOn } from '../policy/demands.ts'
import { unknowableKeys } from '../policy/keys.ts'
import type { PolicyDocument } from '../policy/model.ts'
import { sessionPolicies } from '../policy/narrow.ts'
import { parsePolicy, parseTrustDocument, readPolicy } from '../policy/parse.ts'
import type { Problem as PolicyProblem } from '../policy/problem.ts'
import { evaluateTrust } from '../policy/trust.ts'
import type { SessionPolicySource } from '../upstream/settings.ts'
import { type MaskFacts, maskProblems } from './mask-checks.ts'

/** What the policies of a configuration answer. */
export interface Policies {
  decide(request: DecisionRequest): Decision
  /** All that a principal's calls are decided by: the policies of its role, and the one of its session. */
  layers(principal: Pick<Principal, 'roleArn' | 'sessionPolicy'>): readonly PolicyLayer[]
  /** What the role's policies could demand of calls of these actions; empty for a role that is not there. */
  demands(roleArn: string, actions: readonly string[]): readonly Demand[]
  /** What the control policies let a person do; undefined where the configuration has none. */
  readonly control: ControlPolicies | undefined
  readonly trusts: Trusts
  readonly sessionPolicy: SessionPolicySource
  /** Throws `policy-invalid` where the text is no session policy that can be evaluated in full. */
  checkSessionPolicy(text: string): void
}

/** Whether somebody may do something at the gate itself. */
export type ControlPolicies = (action: string, resource: string, context: Context) => boolean

/** Session policies that are kept compiled; each is at most 2 KB of text. */
const MAX_SESSION_POLICIES = 1_000

/** Compiles the policies of all roles. The configuration has been checked. */
export function openPolicies(config: Config): Policies {
  const roles = new Map(config.roles.map(role => [role.arn, layersOf(role)]))
  const trusts = new Map(
    config.roles.map(({ arn, trust }) => [arn, evaluateTrust(parseTrustDocument(source(trust)))]),
  )
  const narrowed = new Map(config.roles.map(role => [role.arn, sessionPolicies(role.policies.map(parse))]))
  const bySession = new QuickLRU<string, PolicyLayer>({ maxSize: MAX_SESSION_POLICIES })
  const layersFor: Policies['layers'] = ({ roleArn, sessionPolicy }) => {
    const layers = roles.get(roleArn) ?? []
    if (sessionPolicy === undefined || layers.length === 0) return layers
    return [...layers, sessionLayer(sessionPolicy, bySession)]
  }
  return {
    decide: request => decide(request, layersFor(request.principal)),
    layers: layersFor,
    demands: (roleArn, actions) => {
      return demandsOn(
        (roles.get(roleArn) ?? []).map(({ policies }) => policies),
        actions,
      )
    },
    control: controlPolicies(config),
    trusts(roleArn, question) {
      const evaluate = trusts.get(roleArn)
      if (evaluate === undefined) return { allowed: false, reason: 'the gate has no such role' }
      return evaluate(question)
    },
    sessionPolicy: (principal: Principal, generality) => narrowed.get(principal.roleArn)?.[generality],
    checkSessionPolicy(text) {
      sessionLayer(text, bySession)
    },
  }
}

function controlPolicies({ approvals }: Config): ControlPolicies | undefined {
  if (approvals.policies.length === 0) return undefined
  const policies = compile(approvals.policies.map(parse))
  const layers: PolicyLayer[] = [{ kind: 'role', name: 'the control policies', policies }]
  return (action, resource, context) => {
    const pairs = [{ action, resource, certainty: 'exact' as const }]
    return decide({ pairs, context }, layers).effect === 'allow'
  }
}

/** What limits a role: its own policies, which add up, and its boundary. */
export function layersOf(role: RoleConfig): PolicyLayer[] {
  const layers: PolicyLayer[] = [
    { kind: 'role', name: 'the role', policies: compile(role.policies.map(parse)) },
  ]
  if (role.boundary) {
    layers.push({ kind: 'boundary', name: "the role's boundary", policies: compile([parse(role.boundary)]) })
  }
  return layers
}

/** The policy that a session was begun with takes away from the role's, and never adds. */
function sessionLayer(text: string, known: QuickLRU<string, PolicyLayer>): PolicyLayer {
  const key = hash('sha256', text)
  const found = known.get(key)
  if (found !== undefined) return found
  const document = parsePolicy({ name: 'the session policy', text })
  const [unknowable] = unknowableKeys(document, canKnow, 'policy')
  if (unknowable !== undefined) throw new GateError('policy-invalid', unknowable.message)
  if (document.statements.some(({ approval }) => approval?.breakGlass === true)) {
    throw new GateError('policy-invalid', 'whoever begins a session cannot break the glass by its policy')
  }
  const layer: PolicyLayer = { kind: 'boundary', name: 'the session policy', policies: compile([document]) }
  known.set(key, layer)
  return layer
}

function source({ name, text }: PolicyText): { name: string; text: string } {
  return { name, text }
}

function parse(policy: PolicyText): ReturnType<typeof parsePolicy> {
  return parsePolicy(source(policy))
}

/** What people may do at the gate is allowed or denied: there is nobody else to ask, and nothing to mask. */
function controlProblems({ name, statements }: PolicyDocument): readonly PolicyProblem[] {
  return statements
    .filter(({ effect }) => effect !== 'Allow' && effect !== 'Deny')
    .map(({ at, effect }) => ({
      severity: 'error',
      kind: 'value',
      policy: name,
      at,
      message: `a control policy has \`Allow\` and \`Deny\` alone, and no \`${effect}\``,
    }))
}

/** What is wrong with a document, for whoever checks a configuration. */
export function checkDocument(document: PolicyText, kind: PolicyKind, facts: MaskFacts): readonly Problem[] {
  const reading = readPolicy(source(document), kind === 'trust' ? 'trust' : 'permission')
  const keys = reading.document === undefined ? [] : unknowableKeys(reading.document, canKnow, kind)
  const masks = reading.document === undefined ? [] : maskProblems(reading.document, facts)
  const resources = reading.document === undefined ? [] : sqlResourcesOfNothing(reading.document)
  const own = kind === 'control' && reading.document !== undefined ? controlProblems(reading.document) : []
  return [...reading.problems, ...keys, ...masks, ...resources, ...own].map(({ severity, at, message }) => ({
    severity,
    file: document.file,
    line: at.line,
    column: at.column,
    message,
  }))
}
