import type { Answer } from '../answer.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { objectsAt, textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const NAME = /^[A-Za-z0-9/_.-]{1,256}$/

function askBus(call: RuleCall, answer: Answer, action: string, bus: string): void {
  if (NAME.test(bus)) answer.pair(action, ownArn(call, 'events', `event-bus/${bus}`))
  else askArn(answer, action, bus)
}

/** Every bus of a batch; an entry without one goes to the account's own. */
const putEvents: Rule = (call, answer) => {
  for (const entry of objectsAt(call.parameters, 'Entries[]')) {
    askBus(call, answer, 'events:PutEvents', textAt(entry, 'EventBusName') ?? 'default')
  }
  if (answer.isEmpty) askByCatalog(call, answer)
}

/** A rule of the default bus has no bus in its ARN; a bus may be named by its ARN, too. */
const putRule: Rule = (call, answer) => {
  const rule = textAt(call.parameters, 'Name') ?? ''
  const text = textAt(call.parameters, 'EventBusName') ?? 'default'
  const prefix = ownArn(call, 'events', 'event-bus/')
  const bus = text.startsWith(prefix) ? text.slice(prefix.length) : text
  const path = bus === 'default' ? rule : `${bus}/${rule}`
  const clear = /^[A-Za-z0-9_.-]{1,64}$/.test(rule) && NAME.test(bus)
  const resource = clear ? ownArn(call, 'events', `rule/${path}`) : '*'
  answer.pair('events:PutRule', resource, clear ? {} : { certainty: 'any' })
}

export const EVENTS_RULES: ServiceRules = {
  PutEvents: putEvents,
  PutRule: putRule,
  [OTHERS]: askByCatalog,
}
