import { parseArn } from '../arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type ServiceRules } from './rule.ts'

const NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/

/** A stack goes by its name, of which the id behind is not known, or by its ARN. */
const byStack: Rule = (call, answer) => {
  const { action, resources } = call.authorization
  const stack = textAt(call.parameters, 'StackName')
  const takesStack = resources.some(({ resourceType }) => resourceType === 'stack')
  if (action === undefined || !takesStack) {
    askByCatalog(call, answer)
    return
  }
  const arn = stack === undefined ? undefined : parseArn(stack)
  if (stack !== undefined && arn?.service === 'cloudformation' && arn.resource.startsWith('stack/')) {
    answer.pair(action, stack, /[*?]/.test(stack) ? { certainty: 'any' } : {})
  } else {
    const known = stack !== undefined && NAME.test(stack) ? `stack/${stack}/*` : 'stack/*'
    const resource = stack?.startsWith('arn:') === true ? '*' : ownArn(call, 'cloudformation', known)
    answer.pair(action, resource, { certainty: 'any' })
  }
}

export const CLOUDFORMATION_RULES: ServiceRules = { [OTHERS]: byStack }
