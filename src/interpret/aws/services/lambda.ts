import type { Answer } from '../answer.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

/**
 * Every form of a function's name (Lambda API Reference, "Invoke"): `name`, `account:function:name`, a whole
 * ARN, each with a version or alias behind it.
 */
const NAME = /^[A-Za-z0-9_-]{1,140}$/
const QUALIFIER = /^(?:\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]{1,128})$/
const PARTITION_OR_REGION = /^[a-z0-9-]{1,32}$/
const AMBIGUOUS = /^(?:function|[0-9]{12}|[a-z]{2}(?:-[a-z]{1,10}){1,3}-[0-9])$/
const ACCOUNT = /^[0-9]{12}$/

interface FunctionName {
  readonly arn: string
  readonly qualifier?: string
}

function readFunction(call: RuleCall, text: string): FunctionName | undefined {
  const parts = text.split(':')
  if (parts[0] === 'arn') return fromArn(parts)
  if (parts[1] === 'function') {
    const [account = '', , name = '', ...rest] = parts
    if (!ACCOUNT.test(account)) return undefined
    return named(`arn:${call.caller.partition}:lambda:${call.region}:${account}:function:`, name, rest)
  }
  const [name = '', ...rest] = parts
  // `function:x`, `ACCOUNT:x` and `REGION:x` are taken for `x` as well as for version `x` of another name.
  if (rest.length > 0 && AMBIGUOUS.test(name)) return undefined
  return named(ownArn(call, 'lambda', 'function:'), name, rest)
}

function fromArn(parts: readonly string[]): FunctionName | undefined {
  const [, partition = '', service, region = '', account = '', kind, name = '', ...rest] = parts
  const plain =
    PARTITION_OR_REGION.test(partition) && PARTITION_OR_REGION.test(region) && ACCOUNT.test(account)
  if (!plain || service !== 'lambda' || kind !== 'function') return undefined
  return named(`arn:${partition}:lambda:${region}:${account}:function:`, name, rest)
}

function named(prefix: string, name: string, rest: readonly string[]): FunctionName | undefined {
  const [qualifier, ...more] = rest
  if (!NAME.test(name) || more.length > 0) return undefined
  if (qualifier === undefined) return { arn: `${prefix}${name}` }
  return QUALIFIER.test(qualifier) ? { arn: `${prefix}${name}`, qualifier } : undefined
}

/** A function, with the version or alias that the request names; a Deny on the function covers those, too. */
function askFunction(call: RuleCall, answer: Answer, action: string): void {
  const found = readFunction(call, textAt(call.parameters, 'FunctionName') ?? '')
  const given = textAt(call.parameters, 'Qualifier')
  const clear = given === undefined || QUALIFIER.test(given)
  if (found === undefined || !clear || (found.qualifier ?? given) !== (given ?? found.qualifier)) {
    answer.pair(action, ownArn(call, 'lambda', 'function:*'), { certainty: 'any', orAs: ['*'] })
    return
  }
  const qualifier = given ?? found.qualifier
  if (qualifier === undefined) answer.pair(action, found.arn)
  else answer.pair(action, `${found.arn}:${qualifier}`, { orAs: [found.arn] })
}

const byFunction: Rule = (call, answer) => {
  const { action, resources } = call.authorization
  const isFunction = resources.some(({ resourceType }) => resourceType === 'function')
  const named = textAt(call.parameters, 'FunctionName') !== undefined
  if (action === undefined || !named || !(isFunction || QUALIFIED.has(call.operation))) {
    askByCatalog(call, answer)
    return
  }
  askFunction(call, answer, action)
  if (resources.length > 1) askByCatalog(call, answer)
}

/** Operations on a version or alias that the reference gives no resource for that can be derived. */
const QUALIFIED: ReadonlySet<string> = new Set([
  'DeleteProvisionedConcurrencyConfig',
  'GetProvisionedConcurrencyConfig',
  'PutProvisionedConcurrencyConfig',
])

/** Tagging names its resource by the ARN that it calls `Resource`. */
const byResource: Rule = (call, answer) => {
  const { action } = call.authorization
  if (action !== undefined) askArn(answer, action, textAt(call.parameters, 'Resource') ?? '')
}

export const LAMBDA_RULES: ServiceRules = {
  ListTags: byResource,
  TagResource: byResource,
  UntagResource: byResource,
  [OTHERS]: byFunction,
}
