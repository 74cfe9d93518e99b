import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { checkContentType, plainBody } from './content.ts'
import { readForm } from './form.ts'
import { formTree } from './form-tree.ts'
import { hostPrefixOf } from './host-prefix.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import {
  EC2_DIALECT,
  type FormWriter,
  QUERY_DIALECT,
  type QueryDialect,
  type QueryWalk,
  readFormStructure,
  writeFormStructure,
} from './query-body.ts'
import { inputOf } from './shapes.ts'
import { percentEncode } from './uri.ts'
import { duplicateParameter, malformedParameter } from './walk.ts'

/*
 * The query and ec2 protocols: `Action`, `Version` and the input as a form in the body of a POST, or in
 * the query string of a GET. The canonical request is always a POST.
 */

const FORM_TYPE = 'application/x-www-form-urlencoded'
const USED: ReadonlySet<string> = new Set(['content-type', 'content-encoding'])

export function readQuery(op: OperationContext, message: InputMessage): ReadInput {
  const walk: QueryWalk = { shapes: op.shapes, sensitive: [], dialect: dialectOf(op) }
  const pairs = withoutRoute(formPairs(message), op.operation.name)
  const parameters = readFormStructure(walk, inputOf(op.shapes, op.operation.name), formTree(pairs), '')
  return { parameters, usedHeaders: USED, sensitive: walk.sensitive }
}

export function writeQuery(op: OperationContext, parameters: Parameters): CanonicalRequest {
  const pairs: NameValue[] = [
    ['Action', op.operation.name],
    ['Version', op.service.apiVersion],
  ]
  const writer: FormWriter = { shapes: op.shapes, dialect: dialectOf(op), pairs }
  writeFormStructure(writer, inputOf(op.shapes, op.operation.name), parameters, '', '')
  const form = pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&')
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: [['content-type', `${FORM_TYPE}; charset=utf-8`]],
    body: Buffer.from(form, 'latin1'),
    hostPrefix: hostPrefixOf(op, parameters),
  }
}

/** As HTML forms and botocore have it: a space is a plus sign. */
function formEncode(text: string): string {
  return percentEncode(text).replaceAll('%20', '+')
}

function dialectOf(op: OperationContext): QueryDialect {
  return op.protocol === 'ec2' ? EC2_DIALECT : QUERY_DIALECT
}

/** The pairs from the one place where they are. */
function formPairs(message: InputMessage): readonly NameValue[] {
  const body = plainBody(message.head, message.body)
  if (body === undefined) return message.query
  if (message.head.method !== 'POST')
    throw new GateError('body-unexpected', 'only a POST carries a form in its body')
  if (message.query.length > 0) {
    throw new GateError(
      'parameter-duplicate',
      'there are parameters both in the query string and in the body',
    )
  }
  checkContentType(message.head, [FORM_TYPE])
  return readForm(body)
}

/** The input without `Action` and `Version`, which the router has read: from the same place, surely. */
function withoutRoute(pairs: readonly NameValue[], operation: string): readonly NameValue[] {
  const seen = new Set<string>()
  return pairs.filter(([name, value]) => {
    if (name !== 'Action' && name !== 'Version') return true
    if (name === 'Action' && value !== operation) throw malformedParameter('Action', `\`${operation}\``)
    if (seen.has(name)) throw duplicateParameter(name)
    seen.add(name)
    return false
  })
}
