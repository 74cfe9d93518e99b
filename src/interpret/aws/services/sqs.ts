import type { Answer } from '../answer.ts'
import { isAccountId } from '../arn.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { isObject, memberOf, textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const NAME = /^[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/
const ORIGIN = /^https?:\/\/[A-Za-z0-9.:[\]-]{1,255}$/

/**
 * The queue of a URL, `https://HOST/ACCOUNT/NAME`. The host does not say where the queue is: the call goes
 * to the region that it is signed for.
 */
function queueArn(call: RuleCall, url: string): string | undefined {
  const parts = url.split('/')
  const [name = '', account = ''] = [parts.at(-1), parts.at(-2)]
  if (!ORIGIN.test(parts.slice(0, -2).join('/')) || !isAccountId(account) || !NAME.test(name))
    return undefined
  return arnOf(call, account, name)
}

function arnOf(call: RuleCall, account: string, name: string): string {
  return `arn:${call.caller.partition}:sqs:${call.region}:${account}:${name}`
}

function askQueue(answer: Answer, action: string, arn: string | undefined): void {
  askArn(answer, action, arn ?? '')
}

const byUrl: Rule = (call, answer) => {
  const url = textAt(call.parameters, 'QueueUrl')
  const { action } = call.authorization
  if (action === undefined || url === undefined) askByCatalog(call, answer)
  else askQueue(answer, action, queueArn(call, url))
}

const getQueueUrl: Rule = (call, answer) => {
  const name = textAt(call.parameters, 'QueueName') ?? ''
  const account = textAt(call.parameters, 'QueueOwnerAWSAccountId') ?? call.caller.account
  const clear = NAME.test(name) && isAccountId(account)
  askQueue(answer, 'sqs:GetQueueUrl', clear ? arnOf(call, account, name) : undefined)
}

const createQueue: Rule = (call, answer) => {
  const name = textAt(call.parameters, 'QueueName') ?? ''
  const arn = NAME.test(name) ? ownArn(call, 'sqs', name) : undefined
  askQueue(answer, 'sqs:CreateQueue', arn)
  const tags = memberOf(call.parameters, 'tags')
  if (isObject(tags) && Object.keys(tags).length > 0) askQueue(answer, 'sqs:TagQueue', arn)
}

/** A move reads and deletes at one queue and sends to another (SQS Developer Guide, "dead-letter queue redrive"). */
const startMove: Rule = (call, answer) => {
  const source = arnAt(call, 'SourceArn')
  for (const name of ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
    askQueue(answer, `sqs:${name}`, source)
  }
  askQueue(answer, 'sqs:SendMessage', arnAt(call, 'DestinationArn'))
}

const listMoves: Rule = (call, answer) => {
  askQueue(answer, 'sqs:ListMessageMoveTasks', arnAt(call, 'SourceArn'))
}

function arnAt(call: RuleCall, path: string): string | undefined {
  const text = textAt(call.parameters, path)
  return text?.startsWith('arn:') === true ? text : undefined
}

export const SQS_RULES: ServiceRules = {
  CreateQueue: createQueue,
  GetQueueUrl: getQueueUrl,
  ListMessageMoveTasks: listMoves,
  StartMessageMoveTask: startMove,
  [OTHERS]: byUrl,
}
