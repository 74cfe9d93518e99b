import type { Answer } from '../answer.ts'
import { parseArn } from '../arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { objectsAt, textAt, textsAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const NAME = /^[A-Za-z0-9/_+=.@!-]{1,512}$/
const SUFFIX = /-[A-Za-z0-9]{6}$/

/**
 * Asks for an action on a secret by its name or its ARN. AWS adds six characters to a name to make the ARN,
 * and takes an ARN without them, too (Secrets Manager User Guide, "What's in a secret").
 */
function askSecret(call: RuleCall, answer: Answer, action: string, id: string): void {
  const arn = parseArn(id)
  if (
    arn?.service === 'secretsmanager' &&
    arn.resource.startsWith('secret:') &&
    NAME.test(nameOf(arn.resource))
  ) {
    // Six characters behind a dash may be AWS's, or the end of the name.
    if (SUFFIX.test(id)) answer.pair(action, id, { orAs: [`${id}-??????`] })
    else answer.pair(action, `${id}-??????`, { certainty: 'any' })
    return
  }
  const secret = NAME.test(id) ? `secret:${id}-??????` : 'secret:*'
  const resource = arn === undefined && !id.startsWith('arn:') ? ownArn(call, 'secretsmanager', secret) : '*'
  answer.pair(action, resource, { certainty: 'any' })
}

function nameOf(resource: string): string {
  return resource.slice('secret:'.length)
}

const bySecret: Rule = (call, answer) => {
  const { action, resources } = call.authorization
  const id = textAt(call.parameters, 'SecretId')
  if (action === undefined || resources.length === 0 || id === undefined) askByCatalog(call, answer)
  else askSecret(call, answer, action, id)
}

const createSecret: Rule = (call, answer) => {
  const name = textAt(call.parameters, 'Name') ?? ''
  askSecret(call, answer, 'secretsmanager:CreateSecret', name)
  if (objectsAt(call.parameters, 'Tags[]').length > 0) {
    askSecret(call, answer, 'secretsmanager:TagResource', name)
  }
}

/** A batch is a read of each secret; by filters it may be any. */
const batchGet: Rule = (call, answer) => {
  answer.pair('secretsmanager:BatchGetSecretValue', '*')
  const ids = textsAt(call.parameters, 'SecretIdList[]')
  for (const id of ids) askSecret(call, answer, 'secretsmanager:GetSecretValue', id)
  if (ids.length > 0 && objectsAt(call.parameters, 'Filters[]').length === 0) return
  answer.pair('secretsmanager:ListSecrets', '*')
  answer.pair('secretsmanager:GetSecretValue', ownArn(call, 'secretsmanager', 'secret:*'), {
    certainty: 'any',
  })
}

export const SECRETS_RULES: ServiceRules = {
  BatchGetSecretValue: batchGet,
  CreateSecret: createSecret,
  [OTHERS]: bySecret,
}
