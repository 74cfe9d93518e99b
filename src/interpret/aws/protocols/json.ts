import { readJson } from '../../../wire/json/reader.ts'
import { writeJson } from '../../../wire/json/writer.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { checkContentType, plainBody } from './content.ts'
import { hostPrefixOf } from './host-prefix.ts'
import { readStructure, writeStructure } from './json-body.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { inputOf } from './shapes.ts'
import { noQuery } from './uri.ts'
import type { ReadWalk } from './walk.ts'

/*
 * AWS JSON 1.0 and 1.1 (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html):
 * `POST /`, the operation in `X-Amz-Target`, the whole input as one JSON object.
 */

const USED: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'x-amz-target'])

export function readJsonRpc(op: OperationContext, message: InputMessage): ReadInput {
  noQuery(message.query)
  const walk: ReadWalk = { shapes: op.shapes, sensitive: [] }
  const body = plainBody(message.head, message.body)
  const input = inputOf(op.shapes, op.operation.name)
  if (body === undefined) return { parameters: {}, usedHeaders: USED, sensitive: [] }
  checkContentType(message.head, [mediaType(op), ...OTHER_VERSIONS])
  const parameters = readStructure(walk, input, readJson(body), '')
  return { parameters, usedHeaders: USED, sensitive: walk.sensitive }
}

export function writeJsonRpc(op: OperationContext, parameters: Parameters): CanonicalRequest {
  const input = inputOf(op.shapes, op.operation.name)
  const body = writeJson(writeStructure(op.shapes, input, parameters, ''))
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: [
      ['content-type', mediaType(op)],
      ['x-amz-target', `${op.service.targetPrefix ?? ''}.${op.operation.name}`],
    ],
    body: Buffer.from(body, 'utf8'),
    hostPrefix: hostPrefixOf(op, parameters),
  }
}

/** AWS takes either version of a service; the canonical request has the service's own. */
const OTHER_VERSIONS: readonly string[] = ['application/x-amz-json-1.1', 'application/x-amz-json-1.0']

function mediaType(op: OperationContext): string {
  return `application/x-amz-json-${op.service.jsonVersion ?? '1.0'}`
}
