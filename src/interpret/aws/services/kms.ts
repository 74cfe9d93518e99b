import type { Answer, PairDetails } from '../answer.ts'
import { parseArn } from '../arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { isObject, memberOf, objectsAt, scalarText, textAt } from '../values.ts'
import { OTHERS, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const KEY_ID = /^(?:mrk-)?[0-9a-f-]{32,36}$/
const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/

/**
 * Asks for an action on a key by its id, its ARN, its alias or its alias's ARN. Which key an alias names only
 * KMS knows, so it may be any of that account and region.
 */
function askKey(
  call: RuleCall,
  answer: Answer,
  action: string,
  key: string | undefined,
  details: PairDetails = {},
): void {
  if (key !== undefined && KEY_ID.test(key)) {
    answer.pair(action, ownArn(call, 'kms', `key/${key}`), details)
    return
  }
  if (key !== undefined && ALIAS.test(key)) {
    answer.key('kms:RequestAlias', key)
    answer.pair(action, ownArn(call, 'kms', 'key/*'), { ...details, certainty: 'any' })
    return
  }
  const arn = key === undefined ? undefined : parseArn(key)
  if (key !== undefined && arn?.service === 'kms' && !/[*?]/.test(key)) {
    if (arn.resource.startsWith('key/')) {
      answer.pair(action, key, details)
      return
    }
    if (ALIAS.test(arn.resource)) {
      answer.key('kms:RequestAlias', arn.resource)
      const anyKey = `arn:${arn.partition}:kms:${arn.region}:${arn.account}:key/*`
      answer.pair(action, anyKey, { ...details, certainty: 'any' })
      return
    }
  }
  answer.pair(action, '*', { ...details, certainty: 'any' })
}

/** `kms:EncryptionContext:KEY` and the keys as a list. */
function encryptionContext(call: RuleCall, member: string): ReadonlyMap<string, readonly string[]> {
  const context = new Map<string, readonly string[]>()
  const given = memberOf(call.parameters, member)
  if (!isObject(given)) return context
  const keys = Object.keys(given)
  for (const key of keys) {
    context.set(`kms:encryptioncontext:${key.toLowerCase()}`, [scalarText(given[key]) ?? ''])
  }
  if (keys.length > 0) context.set('kms:encryptioncontextkeys', keys)
  return context
}

function addCallKeys(call: RuleCall, answer: Answer): void {
  answer.setKey('kms:CallerAccount', call.caller.account)
  for (const [key, values] of encryptionContext(call, 'EncryptionContext')) answer.key(key, ...values)
  if (CRYPTOGRAPHIC.has(call.operation) && textAt(call.parameters, 'EncryptionAlgorithm') === undefined) {
    answer.setKey('kms:EncryptionAlgorithm', 'SYMMETRIC_DEFAULT')
  }
  if (call.operation === 'CreateGrant') answer.setKey('kms:GrantIsForAWSResource', 'false')
}

/** Operations that use the default algorithm where none is given. */
const CRYPTOGRAPHIC: ReadonlySet<string> = new Set(['Decrypt', 'Encrypt'])

const byKey: Rule = (call, answer) => {
  addCallKeys(call, answer)
  const { action, resources } = call.authorization
  const takesKey = resources.some(({ resourceType }) => resourceType === 'key')
  if (action === undefined || !takesKey) askByCatalog(call, answer)
  else askKey(call, answer, action, textAt(call.parameters, 'KeyId'))
}

/** The new key's properties, with KMS's defaults, so that a Deny on a default holds, too. */
const createKey: Rule = (call, answer) => {
  addCallKeys(call, answer)
  const { parameters } = call
  const spec = textAt(parameters, 'KeySpec') ?? textAt(parameters, 'CustomerMasterKeySpec')
  answer.setKey('kms:KeySpec', spec ?? 'SYMMETRIC_DEFAULT')
  answer.setKey('kms:KeyUsage', textAt(parameters, 'KeyUsage') ?? 'ENCRYPT_DECRYPT')
  answer.setKey('kms:KeyOrigin', textAt(parameters, 'Origin') ?? 'AWS_KMS')
  answer.setKey('kms:MultiRegion', textAt(parameters, 'MultiRegion') ?? 'false')
  answer.pair('kms:CreateKey', '*')
  if (objectsAt(parameters, 'Tags[]').length > 0) {
    answer.pair('kms:TagResource', ownArn(call, 'kms', 'key/*'), { certainty: 'any' })
  }
}

/** Both keys, each with its own encryption context. */
const reEncrypt: Rule = (call, answer) => {
  addCallKeys(call, answer)
  const { parameters } = call
  const [source, destination] = [textAt(parameters, 'SourceKeyId'), textAt(parameters, 'DestinationKeyId')]
  const same = source !== undefined && source === destination
  if (same) answer.setKey('kms:ReEncryptOnSameKey', 'true')
  askKey(call, answer, 'kms:ReEncryptFrom', source, side(call, 'Source'))
  askKey(call, answer, 'kms:ReEncryptTo', destination, side(call, 'Destination'))
}

function side(call: RuleCall, name: 'Source' | 'Destination'): PairDetails {
  const context = new Map(encryptionContext(call, `${name}EncryptionContext`))
  const algorithm = textAt(call.parameters, `${name}EncryptionAlgorithm`)
  context.set('kms:encryptionalgorithm', [algorithm ?? 'SYMMETRIC_DEFAULT'])
  return { context }
}

/** The alias itself, the key that it is to name, and the one that it has named so far. */
const onAlias: Rule = (call, answer) => {
  addCallKeys(call, answer)
  const action = `kms:${call.operation}`
  const alias = textAt(call.parameters, 'AliasName') ?? ''
  if (ALIAS.test(alias)) answer.pair(action, ownArn(call, 'kms', alias))
  else answer.pair(action, '*', { certainty: 'any' })
  const target = textAt(call.parameters, 'TargetKeyId')
  if (target !== undefined) askKey(call, answer, action, target)
  if (call.operation !== 'CreateAlias') {
    answer.pair(action, ownArn(call, 'kms', 'key/*'), { certainty: 'any' })
  }
}

export const KMS_RULES: ServiceRules = {
  CreateAlias: onAlias,
  CreateKey: createKey,
  DeleteAlias: onAlias,
  ReEncrypt: reEncrypt,
  UpdateAlias: onAlias,
  [OTHERS]: byKey,
}
