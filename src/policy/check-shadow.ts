import { covers } from './glob/cover.ts'
import { bindToArn, glob } from './glob/pattern.ts'
import { type PolicyDocument, type Statement, statementName } from './model.ts'
import type { Problem } from './problem.ts'

/** Pairs of statements that are compared; a document of 300 statements has about as many. */
const MAX_PAIRS = 100_000

/** Warns of statements that another one of the document makes useless. */
export function shadowed(document: PolicyDocument): Problem[] {
  const { statements, name, version } = document
  const problems: Problem[] = []
  let pairs = 0
  for (const statement of statements) {
    for (const other of statements) {
      if (++pairs > MAX_PAIRS) return problems
      const why = other === statement ? undefined : whyUseless(statement, other, version === '2012-10-17')
      if (why === undefined) continue
      const message = `the statement never decides anything: \`${statementName(other)}\` ${why}`
      problems.push({ severity: 'warning', kind: 'shadowed', policy: name, at: statement.at, message })
      break
    }
  }
  return problems
}

function whyUseless(statement: Statement, other: Statement, variables: boolean): string | undefined {
  const denies = other.effect === 'Deny' && statement.effect !== 'Deny'
  const repeats = other.effect === statement.effect && ['Allow', 'Deny'].includes(other.effect)
  if (!denies && !repeats) return undefined
  if (other.conditions.length > 0 || !contains(other, statement, variables)) return undefined
  if (denies) return 'denies all that it is about'
  // Of two that say the same, the second is the one too many.
  const mutual = statement.conditions.length === 0 && contains(statement, other, variables)
  if (mutual && other.number > statement.number) return undefined
  return other.effect === 'Deny' ? 'denies all of it already' : 'allows all of it already'
}

/** Whether the one is about everything that the other one is about; false where that is not plain to see. */
function contains(outer: Statement, inner: Statement, variables: boolean): boolean {
  if (outer.actions.not || inner.actions.not) return false
  if (outer.resources === undefined || inner.resources === undefined) return false
  if (outer.resources.not || inner.resources.not) return false
  const outerResources = outer.resources.patterns.map(({ text }) => text)
  const innerResources = inner.resources.patterns.map(({ text }) => text)
  if (variables && [...outerResources, ...innerResources].some(text => text.includes('${'))) return false
  return (
    eachCovered(lowerCase(inner), lowerCase(outer), glob) &&
    eachCovered(innerResources, outerResources, text => bindToArn(glob(text), 'resource'))
  )
}

function lowerCase({ actions }: Statement): readonly string[] {
  return actions.patterns.map(({ text }) => text.toLowerCase())
}

function eachCovered(inner: readonly string[], outer: readonly string[], pattern: typeof glob): boolean {
  const patterns = outer.map(pattern)
  return inner.every(text => patterns.some(each => covers(each, pattern(text))))
}
