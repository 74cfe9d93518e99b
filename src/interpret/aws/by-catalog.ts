import type { DerivedResource } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import { type Answer, MAX_PAIRS } from './answer.ts'
import { parseArn } from './arn.ts'
import { fillArn, type NamedArn } from './arn-template.ts'
import { foldCase } from './fold-case.ts'
import type { RuleCall } from './services/rule.ts'
import { textsAt } from './values.ts'

/**
 * Asks for what the catalog derived for the operation, by the rules that `DerivedResource` states. Asks
 * for nothing where the operation has no action.
 * @throws GateError `too-many-resources`
 */
export function askByCatalog(call: RuleCall, answer: Answer): void {
  const { action } = call.authorization
  if (action !== undefined) askResources(call, answer, action)
}

/** The resources that the catalog derived, under an action that a rule names. */
export function askResources(call: RuleCall, answer: Answer, action: string): void {
  const { resources } = call.authorization
  if (resources.length === 0) {
    answer.pair(action, '*')
    return
  }
  let asked = false
  for (const resource of resources) {
    for (const { arn, exact } of resourcesOf(call, resource)) {
      const folded = foldCase(call.service, arn)
      const orAs = folded === arn ? {} : { orAs: [arn] }
      answer.pair(action, folded, { certainty: exact ? 'exact' : 'any', ...orAs })
      asked = true
    }
  }
  if (!asked) answer.pair(action, '*', { certainty: 'any' })
}

function resourcesOf(call: RuleCall, resource: DerivedResource): readonly NamedArn[] {
  const whole = resource.whole === undefined ? [] : textsAt(call.parameters, resource.whole).filter(isArnLike)
  const filled = fill(call, resource)
  const complete = filled.filter(({ exact }) => exact)
  const named = [...whole.map(wholeArn), ...complete]
  if (!resource.required && !isNamed(call, resource)) return named
  // What is not clear is asked for beside what is: one odd name of a list must not hide behind the others.
  const unclear = filled.filter(({ exact }) => !exact)
  return whole.length > 0 && !hasVariables(call, resource) ? named : [...named, ...unclear]
}

/** True where the request names the resource in full, be it in a way that is not clear. */
function isNamed(call: RuleCall, resource: DerivedResource): boolean {
  const values = new Map(callerValues(call))
  for (const [variable, path] of resource.from) {
    if (plainValues(call, resource, path).length === 0) return false
    values.set(variable, 'x')
  }
  return resource.from.size > 0 && fillArn(resource.arn, values).exact
}

/** True where a member that is no whole ARN fills a variable of the template. */
function hasVariables(call: RuleCall, resource: DerivedResource): boolean {
  return [...resource.from.values()].some(path => plainValues(call, resource, path).length > 0)
}

function isArnLike(text: string): boolean {
  return text.startsWith('arn:')
}

function wholeArn(text: string): NamedArn {
  if (parseArn(text) === undefined) return { arn: '*', exact: false }
  return { arn: text, exact: !/[*?]/.test(text) }
}

/** The template once for each value of its list, with `*` for what is unknown. */
function fill(call: RuleCall, resource: DerivedResource): readonly NamedArn[] {
  let choices: readonly ReadonlyMap<string, string>[] = [callerValues(call)]
  for (const [variable, path] of resource.from) {
    const values = plainValues(call, resource, path)
    if (values.length === 0) continue
    choices = choices.flatMap(choice => values.map(value => new Map(choice).set(variable, value)))
    if (choices.length > MAX_PAIRS) {
      throw new GateError('too-many-resources', `the request names more than ${MAX_PAIRS} resources`)
    }
  }
  return choices.map(values => fillArn(resource.arn, values))
}

function callerValues({ caller, region }: RuleCall): ReadonlyMap<string, string> {
  return new Map([
    ['Partition', caller.partition],
    ['Region', region],
    ['Account', caller.account],
  ])
}

/** Values of a variable; those that are a whole ARN have been taken already. */
function plainValues(call: RuleCall, resource: DerivedResource, path: string): readonly string[] {
  const values = textsAt(call.parameters, path)
  return path === resource.whole ? values.filter(value => !isArnLike(value)) : values
}
