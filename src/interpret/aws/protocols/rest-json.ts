import { readJson } from '../../../wire/json/reader.ts'
import { writeJson } from '../../../wire/json/writer.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { checkContentType } from './content.ts'
import { headerValue } from './headers.ts'
import { readJsonValue, readStructure, writeJsonValue, writeStructure } from './json-body.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { payloadOf, type RestBody, readRest, writeRest } from './rest.ts'
import { inputOf } from './shapes.ts'
import { type Draft, ownMember } from './walk.ts'

/*
 * AWS restJson1 (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html): method and path name the
 * operation; members without a location are one JSON object, or the payload is the body.
 */

const ACCEPTED: readonly string[] = [
  'application/json',
  'application/x-amz-json-1.1',
  'application/x-amz-json-1.0',
]

const JSON_BODY: RestBody = {
  // A document may be any JSON; what is no structure is one value.
  read: (walk, resolved, body, path) =>
    resolved.shape.type === 'structure'
      ? readStructure(walk, resolved, readJson(body), path)
      : (readJsonValue(walk, resolved, readJson(body), path) as Draft),
  write(op, resolved, value, payload) {
    const json =
      payload === undefined
        ? writeStructure(op.shapes, resolved, value, '')
        : writeJsonValue(op.shapes, resolved, ownMember(value, payload.name) ?? null, payload.name)
    return Buffer.from(writeJson(json), 'utf8')
  },
  contentType: 'application/json',
  writesEmpty: true,
}

export function readRestJson(op: OperationContext, message: InputMessage): ReadInput {
  if (message.body !== undefined && isJson(op) && headerValue(message.head, 'content-type') !== undefined) {
    checkContentType(message.head, ACCEPTED)
  }
  return readRest(op, message, JSON_BODY)
}

/** False where the payload is a blob or a string, whose type is the client's to say. */
function isJson(op: OperationContext): boolean {
  const type = payloadOf(op.shapes, inputOf(op.shapes, op.operation.name))?.shape.type
  return type !== 'blob' && type !== 'string'
}

export function writeRestJson(op: OperationContext, parameters: Parameters): CanonicalRequest {
  return writeRest(op, parameters, JSON_BODY)
}
