import type { Answer } from '../answer.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textsAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const NAME = /^[A-Za-z0-9_./#-]{1,512}$/
const GROUP_ARN =
  /^(arn:[a-z-]{1,32}:logs:[a-z0-9-]{1,32}:[0-9]{12}:log-group:[A-Za-z0-9_./#-]{1,512})(?::\*)?$/

/**
 * Asks for an action on a log group. Policies name one with `:*` at its end for everything but tags; a Deny
 * without it is meant for the same group (CloudWatch Logs User Guide, "Resources and operations").
 */
function askGroup(call: RuleCall, answer: Answer, action: string, group: string): void {
  const arn = NAME.test(group) ? ownArn(call, 'logs', `log-group:${group}`) : GROUP_ARN.exec(group)?.[1]
  if (arn === undefined) answer.pair(action, '*', { certainty: 'any' })
  else answer.pair(action, `${arn}:*`, { orAs: [arn] })
}

const GROUP_PATHS = [
  'logGroupName',
  'logGroupIdentifier',
  'logGroupNames[]',
  'logGroupIdentifiers[]',
  'logGroupArnList[]',
]

const byGroup: Rule = (call, answer) => {
  const { action, resources } = call.authorization
  const takesGroup = resources.some(({ resourceType }) => resourceType === 'log-group')
  const groups = GROUP_PATHS.flatMap(path => textsAt(call.parameters, path))
  if (action === undefined || !takesGroup || groups.length === 0) {
    askByCatalog(call, answer)
    return
  }
  for (const group of groups) askGroup(call, answer, action, group)
}

export const LOGS_RULES: ServiceRules = { [OTHERS]: byGroup }
