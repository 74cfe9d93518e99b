import { type ActionNames, unknownActions } from './check-actions.ts'
import { neverMatches } from './check-reach.ts'
import { shadowed } from './check-shadow.ts'
import { sqlResourcesOfNothing } from './check-sql-resources.ts'
import { type CanKnow, type DocumentKind, unknowableKeys } from './keys.ts'
import type { PolicyDocument } from './model.ts'
import { readPolicy } from './parse.ts'
import type { Problem } from './problem.ts'
import type { PolicySource } from './source.ts'

/** What checking a document takes from outside. */
export interface CheckPorts {
  readonly names: ActionNames
  readonly canKnow: CanKnow
}

/**
 * Everything that is wrong with a document, in its order: what keeps it from being loaded, as errors, and
 * what is probably not meant, as warnings.
 */
export function checkPolicy(source: PolicySource, kind: DocumentKind, ports: CheckPorts): readonly Problem[] {
  const { document, problems } = readPolicy(source, kind === 'trust' ? 'trust' : 'permission')
  const found = document === undefined ? [] : examine(document, kind, ports)
  return [...problems, ...found].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
}

function examine(document: PolicyDocument, kind: DocumentKind, { names, canKnow }: CheckPorts): Problem[] {
  const variables = document.version === '2012-10-17'
  return [
    ...unknowableKeys(document, canKnow, kind),
    ...document.statements.flatMap(statement => [
      ...unknownActions(document.name, statement, names),
      ...neverMatches(document.name, statement, variables, names),
    ]),
    ...sqlResourcesOfNothing(document),
    ...(kind === 'trust' ? [] : shadowed(document)),
  ]
}
