import type { StatementRef } from '../core/decision.ts'
import { type CompiledCondition, compileCondition } from './compare.ts'
import { matcher } from './glob/match.ts'
import { glob } from './glob/pattern.ts'
import { type PolicyDocument, type Selector, type Statement, statementName } from './model.ts'
import { compileResource, type ResourceTest } from './resource.ts'
import { type Sureness, surenessOf } from './sureness.ts'

/** A statement, ready to be asked. */
export interface CompiledStatement {
  readonly ref: StatementRef
  readonly source: Statement
  /** Whether it is about an action, in lower case. */
  readonly action: (lowerCase: string) => boolean
  readonly resource: ResourceTest
  readonly conditions: readonly CompiledCondition[]
  /**
   * Of a `RequireApproval`: the same, compiled as an Allow. It asks where it could be about a request, and
   * lets one pass, once approved, only where it surely is.
   */
  readonly asAllow?: CompiledStatement
}

/** The statements that are about one action, by effect. */
export interface Relevant {
  readonly deny: readonly CompiledStatement[]
  /** With the `RequireApproval` statements, as Allows. */
  readonly allow: readonly CompiledStatement[]
  readonly approval: readonly CompiledStatement[]
  readonly mask: readonly CompiledStatement[]
}

/** Actions whose statements are kept sorted out; the actions of all of AWS are about 20,000. */
const MAX_INDEXED = 30_000

/** Policies that add up: all statements of one role, or of one boundary. Immutable but for its index. */
export class PolicySet {
  readonly statements: readonly CompiledStatement[]
  readonly #byAction = new Map<string, Relevant>()

  constructor(statements: readonly CompiledStatement[]) {
    this.statements = statements
  }

  /** The statements about an action; sorted out when it is first asked for. */
  relevant(action: string): Relevant {
    const known = this.#byAction.get(action)
    if (known !== undefined) return known
    const lowerCase = action.toLowerCase()
    const about = this.statements.filter(statement => statement.action(lowerCase))
    const having = (effect: Statement['effect']): CompiledStatement[] =>
      about.filter(({ ref }) => ref.effect === effect)
    const approval = having('RequireApproval')
    const relevant = {
      deny: having('Deny'),
      allow: [...having('Allow'), ...asAllows(approval, lowerCase)],
      approval,
      mask: having('Mask'),
    }
    if (this.#byAction.size >= MAX_INDEXED) this.#byAction.clear()
    this.#byAction.set(action, relevant)
    return relevant
  }
}

function asAllows(statements: readonly CompiledStatement[], lowerCase: string): CompiledStatement[] {
  return statements.flatMap(({ asAllow }) => (asAllow?.action(lowerCase) ? [asAllow] : []))
}

/** Compiles documents that add up. */
export function compile(documents: readonly PolicyDocument[]): PolicySet {
  return new PolicySet(documents.flatMap(document => compileDocument(document)))
}

function compileDocument(document: PolicyDocument): CompiledStatement[] {
  const variables = document.version === '2012-10-17'
  return document.statements.map(statement => {
    const ref: StatementRef = {
      policy: document.name,
      statement: statementName(statement),
      effect: statement.effect,
      ...(statement.reason === undefined ? {} : { reason: statement.reason }),
    }
    const compiled = compileStatement(statement, ref, variables, surenessOf(statement.effect))
    if (statement.effect !== 'RequireApproval') return compiled
    return { ...compiled, asAllow: compileStatement(statement, ref, variables, 'surely') }
  })
}

function compileStatement(
  statement: Statement,
  ref: StatementRef,
  variables: boolean,
  sureness: Sureness,
): CompiledStatement {
  return {
    ref,
    source: statement,
    action: compileAction(statement.actions, sureness),
    resource: statement.resources ? compileResource(statement.resources, variables, sureness) : () => true,
    conditions: statement.conditions.map(condition => compileCondition(condition, variables, sureness)),
  }
}

/** IAM compares actions without case. For an Allow, `sql:Unknown` has to be named: no wildcard stands for it. */
function compileAction({ not, patterns }: Selector, sureness: Sureness): (lowerCase: string) => boolean {
  const texts = patterns.map(({ text }) => text.toLowerCase())
  const tests = texts.map(text => matcher(glob(text)))
  const unknownNamed = !not && texts.includes('sql:unknown')
  return action => {
    if (action === 'sql:unknown' && sureness === 'surely') return unknownNamed
    return tests.some(test => test(action)) !== not
  }
}
