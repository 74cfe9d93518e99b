import type { Answer } from '../answer.ts'
import { parseArn } from '../arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { objectsAt, textAt, textsAt } from '../values.ts'
import { forAll, OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const PARAMETER = /^\/?[A-Za-z0-9_.-][A-Za-z0-9_./-]{0,2047}$/
/** A version or label behind a name, which is no part of the resource. */
const SELECTOR = /^[A-Za-z0-9_.-]{1,128}$/

/** Asks for an action on a parameter by its name, with a selector or not, or by its ARN. */
function askParameter(call: RuleCall, answer: Answer, action: string, name: string): void {
  const arn = parseArn(name)
  if (arn?.service === 'ssm' && arn.resource.startsWith('parameter/')) {
    const prefix = name.slice(0, name.length - arn.resource.length)
    const [path = '', ...selectors] = arn.resource.split(':')
    if (PARAMETER.test(path) && selectorIsClear(selectors)) {
      answer.pair(action, `${prefix}${path}`)
      return
    }
  }
  const [plain = '', ...selectors] = name.split(':')
  if (PARAMETER.test(plain) && plain !== '/' && selectorIsClear(selectors)) {
    answer.pair(action, ownArn(call, 'ssm', `parameter/${withoutSlash(plain)}`))
    return
  }
  answer.pair(action, '*', { certainty: 'any' })
}

function selectorIsClear(selectors: readonly string[]): boolean {
  return selectors.length === 0 || (selectors.length === 1 && SELECTOR.test(selectors[0] ?? ''))
}

function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name
}

const byNames: Rule = (call, answer) => {
  const names = [...textsAt(call.parameters, 'Name'), ...textsAt(call.parameters, 'Names[]')]
  for (const name of names) askParameter(call, answer, `ssm:${call.operation}`, name)
  if (answer.isEmpty) askByCatalog(call, answer)
}

/** Whoever may read a path reads what is under it; a Deny on something there holds here, stricter than at AWS. */
const byPath: Rule = (call, answer) => {
  const path = textAt(call.parameters, 'Path') ?? ''
  const plain = withoutSlash(path.endsWith('/') ? path.slice(0, -1) : path)
  const under = plain === '' ? 'parameter/*' : `parameter/${plain}/*`
  if (plain === '' || !PARAMETER.test(plain)) {
    answer.pair('ssm:GetParametersByPath', ownArn(call, 'ssm', 'parameter/*'), { certainty: 'any' })
    return
  }
  const resource = ownArn(call, 'ssm', `parameter/${plain}`)
  answer.pair('ssm:GetParametersByPath', resource, { orAs: [ownArn(call, 'ssm', under)] })
}

const INSTANCE = /^i-[0-9a-f]{8,17}$/
const MANAGED = /^mi-[0-9a-f]{17}$/

/** An EC2 instance or a managed node. */
function askNode(call: RuleCall, answer: Answer, action: string, id: string): void {
  if (INSTANCE.test(id)) answer.pair(action, ownArn(call, 'ec2', `instance/${id}`))
  else if (MANAGED.test(id)) answer.pair(action, ownArn(call, 'ssm', `managed-instance/${id}`))
  else answer.pair(action, '*', { certainty: 'any' })
}

const DOCUMENT = /^[A-Za-z0-9_.-]{3,128}$/
/** Beginnings of the names of documents that AWS owns; their ARNs have no account. */
const AWS_OWNED = /^(?:AWS|Amazon|aws|amazon|amzn)/

function askDocument(call: RuleCall, answer: Answer, action: string, name: string): void {
  const arn = parseArn(name)
  if (arn?.service === 'ssm' && DOCUMENT.test(arn.resource.slice('document/'.length))) {
    answer.pair(action, name)
  } else if (!DOCUMENT.test(name)) {
    answer.pair(action, '*', { certainty: 'any' })
  } else if (AWS_OWNED.test(name)) {
    const arnOfAws = `arn:${call.caller.partition}:ssm:${call.region}::document/${name}`
    answer.pair(action, arnOfAws, { orAs: [ownArn(call, 'ssm', `document/${name}`)] })
  } else {
    answer.pair(action, ownArn(call, 'ssm', `document/${name}`))
  }
}

/** The document and every node; nodes that are chosen by tags may be any. */
const sendCommand: Rule = (call, answer) => {
  askDocument(call, answer, 'ssm:SendCommand', textAt(call.parameters, 'DocumentName') ?? '')
  for (const id of textsAt(call.parameters, 'InstanceIds[]')) askNode(call, answer, 'ssm:SendCommand', id)
  for (const target of objectsAt(call.parameters, 'Targets[]')) {
    const ids = textsAt(target, 'Values[]')
    if (textAt(target, 'Key')?.toLowerCase() === 'instanceids' && ids.length > 0) {
      for (const id of ids) askNode(call, answer, 'ssm:SendCommand', id)
    } else {
      answer.pair('ssm:SendCommand', ownArn(call, 'ec2', 'instance/*'), { certainty: 'any' })
      answer.pair('ssm:SendCommand', ownArn(call, 'ssm', 'managed-instance/*'), { certainty: 'any' })
    }
  }
}

const startSession: Rule = (call, answer) => {
  askNode(call, answer, 'ssm:StartSession', textAt(call.parameters, 'Target') ?? '')
  const document = textAt(call.parameters, 'DocumentName')
  if (document !== undefined) askDocument(call, answer, 'ssm:StartSession', document)
}

/** Tags of a parameter are on its name. */
const onTagged: Rule = (call, answer) => {
  const id = textAt(call.parameters, 'ResourceId') ?? ''
  if (textAt(call.parameters, 'ResourceType') === 'Parameter') {
    askParameter(call, answer, `ssm:${call.operation}`, id)
  } else askByCatalog(call, answer)
}

const BY_NAME = [
  'DeleteParameter',
  'DeleteParameters',
  'GetParameter',
  'GetParameterHistory',
  'GetParameters',
  'LabelParameterVersion',
  'UnlabelParameterVersion',
]

const putParameter: Rule = (call, answer) => {
  byNames(call, answer)
  if (objectsAt(call.parameters, 'Tags[]').length > 0) {
    askParameter(call, answer, 'ssm:AddTagsToResource', textAt(call.parameters, 'Name') ?? '')
  }
}

export const SSM_RULES: ServiceRules = {
  ...forAll(BY_NAME, byNames),
  ...forAll(['AddTagsToResource', 'ListTagsForResource', 'RemoveTagsFromResource'], onTagged),
  GetParametersByPath: byPath,
  PutParameter: putParameter,
  SendCommand: sendCommand,
  StartSession: startSession,
  [OTHERS]: askByCatalog,
}
