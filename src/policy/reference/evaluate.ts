import type { Pair } from '../../core/decision.ts'
import { holds, type Question } from './condition.ts'
import { expand, type Keys, like, likeResource, type Mark } from './text.ts'

/**
 * The policy language, evaluated as slowly and as plainly as the IAM User Guide tells it ("Policy evaluation
 * logic", "IAM JSON policy elements reference"), to test the compiled engine against. Takes valid documents as
 * parsed JSON, whose lists are always written as lists.
 */
export interface ReferenceStatement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action?: readonly string[]
  readonly NotAction?: readonly string[]
  readonly Resource?: readonly string[]
  readonly NotResource?: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

export interface ReferenceDocument {
  readonly Version: string
  readonly Statement: readonly ReferenceStatement[]
}

export type ReferenceAnswer = 'allow' | 'explicit' | 'implicit' | 'boundary'

/** Every text that a resource with unknown parts could be, as far as it matters to the patterns it meets. */
export type Expansions = (resource: string) => readonly string[]

/** Decides over layers, the first of which is the role's own and the others boundaries. */
export function referenceDecide(
  pairs: readonly Pair[],
  context: Keys,
  layers: readonly ReferenceDocument[],
  expansions: Expansions,
): ReferenceAnswer {
  const answers = pairs.map(pair => decidePair(pair, context, layers, expansions))
  return (
    answers.find(answer => answer === 'explicit') ?? answers.find(answer => answer !== 'allow') ?? 'allow'
  )
}

function decidePair(
  pair: Pair,
  context: Keys,
  layers: readonly ReferenceDocument[],
  expansions: Expansions,
): ReferenceAnswer {
  const keys = new Map([...context, ...(pair.context ?? [])])
  const about = ({ Version, Statement }: ReferenceDocument, effect: string): boolean =>
    Statement.some(statement => {
      const question = { keys, allows: effect === 'Allow', variables: Version === '2012-10-17' }
      return statement.Effect === effect && speaks(statement, pair, question, expansions)
    })
  if (layers.some(layer => about(layer, 'Deny'))) return 'explicit'
  const silent = layers.findIndex(layer => !about(layer, 'Allow'))
  return silent < 0 ? 'allow' : silent === 0 ? 'implicit' : 'boundary'
}

function speaks(
  statement: ReferenceStatement,
  pair: Pair,
  question: Question,
  expansions: Expansions,
): boolean {
  if (!actionMatches(statement, pair.action)) return false
  if (!resourceMatches(statement, pair, question, expansions)) return false
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, wanted, question)),
  )
}

function actionMatches({ Action, NotAction }: ReferenceStatement, action: string): boolean {
  const among = (patterns: readonly string[]): boolean =>
    patterns.some(text => like(expand(text.toLowerCase(), new Map(), false) ?? [], action.toLowerCase()))
  return Action === undefined ? !among(NotAction ?? []) : among(Action)
}

function resourceMatches(
  { Resource, NotResource }: ReferenceStatement,
  pair: Pair,
  { keys, allows, variables }: Question,
  expansions: Expansions,
): boolean {
  const texts = (Resource ?? NotResource ?? []).map(text => expand(text, keys, variables))
  if (allows && texts.includes(undefined)) return false
  const patterns: (readonly Mark[])[] = texts.filter(text => text !== undefined)
  const could = pair.certainty === 'exact' ? [pair.resource] : expansions(pair.resource)
  const others = (pair.orAs ?? []).map(expansions)
  /** Some pattern has all of them; an Allow that only several together would cover does not hold. */
  const has = (all: readonly string[]): boolean =>
    patterns.some(pattern => all.every(text => likeResource(pattern, text)))
  const touches = (all: readonly string[]): boolean =>
    patterns.some(pattern => all.some(text => likeResource(pattern, text)))
  if (Resource !== undefined) return allows ? has(could) : [could, ...others].some(touches)
  return allows ? ![could, ...others].some(touches) : ![could, ...others].every(has)
}
