import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textAt } from '../values.ts'
import { forAll, OTHERS, ownArn, type Rule, type ServiceRules } from './rule.ts'

const FAMILY = /^[A-Za-z0-9_-]{1,255}$/
const REVISION = /^[0-9]{1,10}$/

/** A task definition by its ARN, its family and revision, or its family alone: then the latest, whichever it is. */
const runTask: Rule = (call, answer) => {
  const action = `ecs:${call.operation}`
  const text = textAt(call.parameters, 'taskDefinition') ?? ''
  const [family = '', revision, ...more] = text.split(':')
  if (text.startsWith('arn:')) askArn(answer, action, text)
  else if (!FAMILY.test(family) || more.length > 0 || (revision !== undefined && !REVISION.test(revision))) {
    answer.pair(action, ownArn(call, 'ecs', 'task-definition/*'), { certainty: 'any' })
  } else {
    const resource = ownArn(call, 'ecs', `task-definition/${family}:${revision ?? '*'}`)
    answer.pair(action, resource, { certainty: revision === undefined ? 'any' : 'exact' })
  }
}

export const ECS_RULES: ServiceRules = {
  ...forAll(['RunTask', 'StartTask'], runTask),
  [OTHERS]: askByCatalog,
}
