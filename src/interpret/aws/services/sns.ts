import { parseArn } from '../arn.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { objectsAt, textAt } from '../values.ts'
import { forAll, OTHERS, ownArn, type Rule, type ServiceRules } from './rule.ts'

/** To a topic, to an endpoint, or to a phone number, which is no resource. */
const publish: Rule = (call, answer) => {
  for (const member of ['TopicArn', 'TargetArn']) {
    const arn = textAt(call.parameters, member)
    if (arn !== undefined) askArn(answer, 'sns:Publish', arn)
  }
  if (answer.isEmpty) answer.pair('sns:Publish', '*')
}

/** A subscription's ARN is its topic's with an id behind it. */
const bySubscription: Rule = (call, answer) => {
  const { action } = call.authorization
  const text = textAt(call.parameters, 'SubscriptionArn') ?? ''
  const arn = parseArn(text)
  const [topic = '', id = '', ...more] = arn?.resource.split(':') ?? []
  const clear = topic !== '' && id !== '' && more.length === 0 && !/[*?]/.test(text)
  if (action === undefined) return
  if (clear) answer.pair(action, text.slice(0, text.length - id.length - 1))
  else answer.pair(action, ownArn(call, 'sns', '*'), { certainty: 'any', orAs: ['*'] })
}

const createTopic: Rule = (call, answer) => {
  askByCatalog(call, answer)
  if (objectsAt(call.parameters, 'Tags[]').length === 0) return
  for (const { resource, certainty } of answer.pairs) answer.pair('sns:TagResource', resource, { certainty })
}

export const SNS_RULES: ServiceRules = {
  Publish: publish,
  CreateTopic: createTopic,
  ...forAll(['GetSubscriptionAttributes', 'SetSubscriptionAttributes', 'Unsubscribe'], bySubscription),
  [OTHERS]: askByCatalog,
}
