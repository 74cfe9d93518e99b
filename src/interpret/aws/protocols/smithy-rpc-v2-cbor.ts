import { GateError } from '../../../core/errors.ts'
import { readCbor } from '../../../wire/cbor/reader.ts'
import { writeCbor } from '../../../wire/cbor/writer.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { readCborStructure, writeCborStructure } from './cbor-body.ts'
import { checkContentType, plainBody } from './content.ts'
import { headerValue } from './headers.ts'
import { hostPrefixOf } from './host-prefix.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { inputOf, operationShapes } from './shapes.ts'
import { noQuery, percentEncode } from './uri.ts'
import type { ReadWalk } from './walk.ts'

/*
 * Smithy RPC v2 with CBOR: `POST /service/{targetPrefix}/operation/{operation}`, the header
 * `smithy-protocol: rpc-v2-cbor`, and the input as one CBOR map.
 */

const MEDIA_TYPE = 'application/cbor'
const PROTOCOL = 'rpc-v2-cbor'
const USED: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'smithy-protocol', 'accept'])

export function readRpcCbor(op: OperationContext, message: InputMessage): ReadInput {
  noQuery(message.query)
  if (headerValue(message.head, 'smithy-protocol') !== PROTOCOL) {
    throw new GateError('content-type-mismatch', `the header \`smithy-protocol\` is not \`${PROTOCOL}\``)
  }
  const body = plainBody(message.head, message.body)
  if (body === undefined) return { parameters: {}, usedHeaders: USED, sensitive: [] }
  checkContentType(message.head, [MEDIA_TYPE])
  const walk: ReadWalk = { shapes: op.shapes, sensitive: [] }
  const parameters = readCborStructure(walk, inputOf(op.shapes, op.operation.name), readCbor(body), '')
  return { parameters, usedHeaders: USED, sensitive: walk.sensitive }
}

export function writeRpcCbor(op: OperationContext, parameters: Parameters): CanonicalRequest {
  const prefix = percentEncode(op.service.targetPrefix ?? '')
  const request = {
    method: 'POST',
    path: `/service/${prefix}/operation/${percentEncode(op.operation.name)}`,
    query: '',
    hostPrefix: hostPrefixOf(op, parameters),
  }
  const body = writeCbor(writeCborStructure(op.shapes, inputOf(op.shapes, op.operation.name), parameters, ''))
  const headers = [
    ['smithy-protocol', PROTOCOL],
    ['accept', MEDIA_TYPE],
  ] as const
  // The specification wants no body, and no content type, where the operation has no input.
  if (operationShapes(op.shapes, op.operation.name).input === undefined) return { ...request, headers }
  return { ...request, headers: [...headers, ['content-type', MEDIA_TYPE]], body }
}
