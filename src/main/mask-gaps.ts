import type { Catalog } from '../catalog/model.ts'
import { fieldNames, type OperationName } from '../mask/check-fields.ts'
import type { CompiledStatement } from '../policy/compile.ts'
import type { Statement } from '../policy/model.ts'
import { type Problem, quote } from '../policy/problem.ts'

/*
 * What a document masks in one place and shows in another: the same data is read by several actions, and
 * stands in the replies of several operations under several paths. Warnings all: another document of the
 * same role may see to it.
 */

/** Actions that read the same data. A write of DynamoDB gives the item back that it replaced. */
const SAME_DATA: readonly (readonly string[])[] = [
  ['s3:GetObject', 's3:GetObjectVersion'],
  ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
  ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
  [
    'dynamodb:GetItem',
    'dynamodb:BatchGetItem',
    'dynamodb:Query',
    'dynamodb:Scan',
    'dynamodb:PartiQLSelect',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
  ],
  [
    'lambda:GetFunction',
    'lambda:GetFunctionConfiguration',
    'lambda:ListFunctions',
    'lambda:ListVersionsByFunction',
  ],
  ['kinesis:GetRecords', 'kinesis:SubscribeToShard'],
  ['logs:GetLogEvents', 'logs:FilterLogEvents', 'logs:GetQueryResults', 'logs:GetLogRecord'],
]
/** Operations that a warning names. */
const MAX_NAMED = 5
/** A statement about more is of no service in particular, and its fields are of few of them. */
const MAX_OPERATIONS = 300

/** Actions that this document allows and does not mask, although it masks the same data elsewhere. */
export function unmaskedActions(
  policy: string,
  { source }: CompiledStatement,
  all: readonly CompiledStatement[],
): readonly Problem[] {
  const own = all.filter(statement => statement.source === source)
  return SAME_DATA.flatMap((actions): Problem[] => {
    const masked = actions.find(action => speaksOf(own, action))
    if (masked === undefined) return []
    const open = actions.filter(action => isAllowed(all, action) && !isGuarded(all, action))
    if (open.length === 0) return []
    const message = `what is masked for ${quote(masked)} is read by ${open.map(quote).join(', ')} as well, which this document allows and does not mask`
    return [{ severity: 'warning', kind: 'unclear', policy, at: source.at, message }]
  })
}

function isAllowed(all: readonly CompiledStatement[], action: string): boolean {
  return speaksOf(
    all.filter(({ ref }) => ref.effect === 'Allow' || ref.effect === 'RequireApproval'),
    action,
  )
}

function isGuarded(all: readonly CompiledStatement[], action: string): boolean {
  return speaksOf(
    all.filter(({ ref }) => ref.effect === 'Mask' || ref.effect === 'Deny'),
    action,
  )
}

function speaksOf(statements: readonly CompiledStatement[], action: string): boolean {
  return statements.some(statement => statement.action(action.toLowerCase()))
}

/** Fields that stand at another path in the replies of some of the statement's operations. */
export function unnamedFields(
  policy: string,
  { at, mask }: Statement,
  operations: readonly OperationName[],
  catalog: Catalog,
): readonly Problem[] {
  if (operations.length > MAX_OPERATIONS) return []
  return (mask?.fields ?? []).flatMap((field): Problem[] => {
    const anywhere = anyDepth(field)
    if (anywhere === undefined || !operations.some(one => fieldNames(catalog, one, field))) return []
    const missed = operations.filter(
      one =>
        fieldNames(catalog, one, anywhere) && !(mask?.fields ?? []).some(f => fieldNames(catalog, one, f)),
    )
    if (missed.length === 0) return []
    const named = missed.slice(0, MAX_NAMED).map(({ operation }) => quote(operation))
    const more = missed.length > named.length ? ` and ${missed.length - named.length} more` : ''
    const message = `\`Fields\` ${quote(field)} does not name what may be at another path in the replies of ${named.join(', ')}${more}; ${quote(anywhere)} does`
    return [{ severity: 'warning', kind: 'unclear', policy, at, message }]
  })
}

/** The field's last name at any depth; undefined where that says nothing. */
function anyDepth(field: string): string | undefined {
  const last = /(?:^|\.)([A-Za-z][\w-]*)(?:\[\])?$/.exec(field)?.[1]
  return last === undefined || field.includes('**') ? undefined : `**.${last}`
}
