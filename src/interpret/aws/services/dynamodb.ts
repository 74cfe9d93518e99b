import type { Answer, PairDetails } from '../answer.ts'
import { pairContext } from '../answer.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { isObject, memberOf, objectsAt, textAt, textsAt } from '../values.ts'
import { readPartiql } from './partiql.ts'
import { forAll, ownArn, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

/** DynamoDB API Reference: names of tables and indices. */
const NAME = /^[A-Za-z0-9_.-]{1,255}$/
const TABLE_ARN = /^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table\/[A-Za-z0-9_.-]{1,255}$/

/** Asks for an action on a table by its name or ARN, or on one of its indices. */
function askTable(
  call: RuleCall,
  answer: Answer,
  action: string,
  table: string,
  index?: string,
  details: PairDetails = {},
): void {
  const clear = NAME.test(table) || TABLE_ARN.test(table)
  const arn = clear
    ? table.startsWith('arn:')
      ? table
      : ownArn(call, 'dynamodb', `table/${table}`)
    : undefined
  if (arn === undefined || (index !== undefined && !NAME.test(index))) {
    answer.pair(action, '*', { ...details, certainty: 'any' })
    return
  }
  answer.pair(action, index === undefined ? arn : `${arn}/index/${index}`, details)
}

/** A read through an index asks for the index alone, as at AWS. */
const askRead: Rule = (call, answer) => {
  const action = `dynamodb:${call.operation}`
  askTable(
    call,
    answer,
    action,
    textAt(call.parameters, 'TableName') ?? '',
    textAt(call.parameters, 'IndexName'),
  )
}

/** `RequestItems` is a map by tables. */
const askBatch: Rule = (call, answer) => {
  const items = memberOf(call.parameters, 'RequestItems')
  for (const table of isObject(items) ? Object.keys(items) : []) {
    askTable(call, answer, `dynamodb:${call.operation}`, table)
  }
  if (answer.isEmpty) askByCatalog(call, answer)
}

const TRANSACTED: ReadonlyMap<string, string> = new Map([
  ['Get', 'dynamodb:GetItem'],
  ['ConditionCheck', 'dynamodb:ConditionCheckItem'],
  ['Put', 'dynamodb:PutItem'],
  ['Delete', 'dynamodb:DeleteItem'],
  ['Update', 'dynamodb:UpdateItem'],
])

/** Each item of a transaction is the single operation that it stands for. */
const askTransaction: Rule = (call, answer) => {
  const details = { context: pairContext({ 'dynamodb:EnclosingOperation': call.operation }) }
  for (const item of objectsAt(call.parameters, 'TransactItems[]')) {
    for (const [member, action] of TRANSACTED) {
      const one = memberOf(item, member)
      if (isObject(one)) askTable(call, answer, action, textAt(one, 'TableName') ?? '', undefined, details)
    }
  }
}

/** Statements in the place where the operation has them. */
function partiqlAt(path: string): Rule {
  return (call, answer) => {
    for (const text of textsAt(call.parameters, path)) {
      const { kind, table, index } = readPartiql(text)
      askTable(call, answer, `dynamodb:PartiQL${kind}`, table, index)
    }
  }
}

/** The table that is made, and what it is made from. */
const askRestore: Rule = (call, answer) => {
  const action = `dynamodb:${call.operation}`
  const { parameters } = call
  const backup = textAt(parameters, 'BackupArn')
  if (backup !== undefined) askArn(answer, action, backup)
  const source = textAt(parameters, 'SourceTableArn') ?? textAt(parameters, 'SourceTableName')
  if (source !== undefined) askTable(call, answer, action, source)
  askTable(call, answer, action, textAt(parameters, 'TargetTableName') ?? '')
}

const askImport: Rule = (call, answer) => {
  const table = textAt(call.parameters, 'TableCreationParameters.TableName') ?? ''
  askTable(call, answer, 'dynamodb:ImportTable', table)
}

export const DYNAMODB_RULES: ServiceRules = {
  ...forAll(['Query', 'Scan'], askRead),
  ...forAll(['BatchGetItem', 'BatchWriteItem'], askBatch),
  ...forAll(['TransactGetItems', 'TransactWriteItems'], askTransaction),
  ExecuteStatement: partiqlAt('Statement'),
  BatchExecuteStatement: partiqlAt('Statements[].Statement'),
  ExecuteTransaction: partiqlAt('TransactStatements[].Statement'),
  ...forAll(['RestoreTableFromBackup', 'RestoreTableToPointInTime'], askRestore),
  ImportTable: askImport,
}
