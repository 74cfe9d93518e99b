import type { Catalog } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import { fieldsOfNothing, type OperationName } from '../mask/check-fields.ts'
import { compileDetectors, DETECTOR_NAMES } from '../mask/detect/set.ts'
import { readPattern } from '../mask/pattern.ts'
import { compile } from '../policy/compile.ts'
import type { PolicyDocument, Statement } from '../policy/model.ts'
import { type Problem, quote } from '../policy/problem.ts'
import { unmaskedActions, unnamedFields } from './mask-gaps.ts'

/** What is known where a document is checked. */
export interface MaskFacts {
  readonly catalog: () => Catalog
  /** The user's own detectors; undefined where no configuration is at hand. */
  readonly own: ReadonlyMap<string, string> | undefined
}

/** What is wrong with the `Mask` statements of a document: detectors, and fields that no reply has. */
export function maskProblems(document: PolicyDocument, facts: MaskFacts): readonly Problem[] {
  const masking = document.statements.filter(({ effect }) => effect === 'Mask')
  if (masking.length === 0) return []
  const { statements } = compile([document])
  return masking.flatMap(statement => {
    const compiled = statements.find(({ source }) => source === statement)
    const actions = compiled?.action ?? (() => false)
    return [
      ...(compiled === undefined ? [] : unmaskedActions(document.name, compiled, statements)),
      ...detectorProblems(document.name, statement, facts),
      ...fieldProblems(document.name, statement, actions, facts),
    ]
  })
}

function detectorProblems(policy: string, { at, mask }: Statement, { own }: MaskFacts): Problem[] {
  const names = [...DETECTOR_NAMES, ...(own?.keys() ?? [])]
  return (mask?.detect ?? [])
    .filter(name => !names.includes(name))
    .map((name): Problem => {
      const message = `\`Detect\` ${quote(name)} is no detector; there are ${names.map(quote).join(', ')}`
      // Without a configuration, it may be one of its patterns.
      return { severity: own === undefined ? 'warning' : 'error', kind: 'value', policy, at, message }
    })
}

function fieldProblems(
  policy: string,
  statement: Statement,
  isAbout: (lowerCase: string) => boolean,
  { catalog }: MaskFacts,
): Problem[] {
  const { at, mask } = statement
  const fields = mask?.fields ?? []
  const unreadable = fields.flatMap((field): Problem[] => {
    const why = whyUnreadable(field)
    return why === undefined ? [] : [{ severity: 'error', kind: 'value', policy, at, message: why }]
  })
  if (fields.length === 0 || unreadable.length > 0) return unreadable
  const operations = operationsOf(catalog(), isAbout)
  if (operations.length === 0) return []
  const never = fieldsOfNothing(catalog(), operations, fields).map((field): Problem => {
    const message = `\`Fields\` ${quote(field)} is in the reply of none of the statement's actions`
    return { severity: 'warning', kind: 'never-matches', policy, at, message }
  })
  return [...never, ...unnamedFields(policy, statement, operations, catalog())]
}

function whyUnreadable(field: string): string | undefined {
  try {
    readPattern(field)
    return undefined
  } catch (error) {
    if (error instanceof GateError) return `\`Fields\` ${quote(field)}: ${error.message}`
    throw error
  }
}

/** The operations that ask for one of the actions. */
function operationsOf(catalog: Catalog, isAbout: (lowerCase: string) => boolean): readonly OperationName[] {
  const found: OperationName[] = []
  for (const service of catalog.services.values()) {
    for (const name of service.operations.keys()) {
      const { action } = catalog.authorization(service.id, name)
      if (action !== undefined && isAbout(action.toLowerCase())) {
        found.push({ service: service.id, operation: name })
      }
    }
  }
  return found
}

/** What is wrong with the user's own patterns; undefined where nothing is. */
export function patternProblem(own: ReadonlyMap<string, string>): string | undefined {
  try {
    compileDetectors([], own)
    return undefined
  } catch (error) {
    if (error instanceof GateError) return error.message
    throw error
  }
}
