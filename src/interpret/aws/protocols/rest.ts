import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import type { Json } from '../../../core/json.ts'
import { setMember } from '../../../wire/json/value.ts'
import type { CanonicalRequest, Parameters } from '../call.ts'
import { checkChecksums, writeChecksums } from './checksums.ts'
import { plainBody } from './content.ts'
import { hostPrefixOf } from './host-prefix.ts'
import type { InputMessage, OperationContext, ReadInput } from './operation.ts'
import { readHeaders, writeHeaders } from './rest-headers.ts'
import { readQueryMembers, writeQueryMembers } from './rest-query.ts'
import { readScalar, writeScalar } from './scalar.ts'
import { inputOf, membersOf, type ResolvedMember, type ResolvedShape } from './shapes.ts'
import { percentEncode, uriTemplate, writeQueryString } from './uri.ts'
import {
  asString,
  checkMembers,
  type Draft,
  duplicateParameter,
  malformedParameter,
  noteSensitive,
  ownMember,
  type ReadWalk,
  unknownParameter,
} from './walk.ts'

/*
 * What rest-json and rest-xml share: labels of the path, query string, headers, and the payload
 * (https://smithy.io/2.0/spec/http-bindings.html). Only the body's own form is left to each.
 */

/** The body of one of the two protocols. */
export interface RestBody {
  /** The members without a location, or the one that is the payload, from a document. */
  read(walk: ReadWalk, resolved: ResolvedShape, body: Buffer, path: string): Draft
  write(
    op: OperationContext,
    resolved: ResolvedShape,
    value: Parameters,
    payload: ResolvedMember | undefined,
  ): Buffer
  readonly contentType: string
  /** An operation whose members all travel elsewhere has no body; one with members has one, if empty. */
  readonly writesEmpty: boolean
}

export function readRest(op: OperationContext, message: InputMessage, form: RestBody): ReadInput {
  const input = inputOf(op.shapes, op.operation.name)
  const walk: ReadWalk = { shapes: op.shapes, sensitive: [] }
  const draft: Draft = {}
  for (const member of membersOf(op.shapes, input.shape)) readLabel(member, message, draft)
  readQueryMembers(op, input, message.query, draft)
  const usedHeaders = new Set(readHeaders(op, input, message.head, draft))
  for (const name of checkChecksums(op, message.head, message.body)) usedHeaders.add(name)
  for (const member of membersOf(op.shapes, input.shape)) {
    if (Object.hasOwn(draft, member.name)) noteSensitive(walk, member, member.name)
  }
  if (message.body !== undefined) {
    const body = plainBody(message.head, message.body)
    if (body !== undefined) readBody(walk, input, body, form, draft)
  }
  return { parameters: draft, usedHeaders, sensitive: walk.sensitive }
}

function readLabel(member: ResolvedMember, message: InputMessage, draft: Draft): void {
  if (member.ref.location !== 'uri') return
  const text = message.labels.get(member.wireName ?? member.name)
  if (text === undefined || text === '') throw malformedParameter(member.name, 'in the path')
  draft[member.name] = readScalar(member, text, member.name)
}

function readBody(walk: ReadWalk, input: ResolvedShape, body: Buffer, form: RestBody, draft: Draft): void {
  const payload = payloadOf(walk.shapes, input)
  if (payload === undefined) {
    if (!form.writesEmpty && membersInBody(walk.shapes, input).length === 0) {
      throw new GateError('body-unexpected', 'the operation has no body')
    }
    for (const [name, value] of Object.entries(form.read(walk, input, body, ''))) {
      if (Object.hasOwn(draft, name)) throw duplicateParameter(name)
      setMember(draft, name, value)
    }
    return
  }
  draft[payload.name] = readPayload(walk, payload, body, form)
}

function readPayload(walk: ReadWalk, payload: ResolvedMember, body: Buffer, form: RestBody): Json {
  noteSensitive(walk, payload, payload.name)
  switch (payload.shape.type) {
    case 'blob':
      return body.toString('base64')
    case 'string': {
      const text = body.toString('utf8')
      if (!Buffer.from(text, 'utf8').equals(body)) throw malformedParameter(payload.name, 'valid UTF-8')
      return text
    }
    default:
      return form.read(walk, payload, body, payload.name)
  }
}

/** The members that travel nowhere else. */
function membersInBody(shapes: ReadWalk['shapes'], input: ResolvedShape): readonly ResolvedMember[] {
  return membersOf(shapes, input.shape).filter(({ ref }) => ref.location === undefined)
}

/** The member that is the whole body. */
export function payloadOf(shapes: ReadWalk['shapes'], input: ResolvedShape): ResolvedMember | undefined {
  const { payload } = input.shape
  return payload === undefined
    ? undefined
    : membersOf(shapes, input.shape).find(({ name }) => name === payload)
}

export function writeRest(op: OperationContext, parameters: Parameters, form: RestBody): CanonicalRequest {
  const input = inputOf(op.shapes, op.operation.name)
  checkMembers(parameters, input.shape, '')
  const template = uriTemplate(op.operation.uri)
  const written = writeBody(op, input, parameters, form)
  const headers: NameValue[] = [...writeHeaders(op, input, parameters)]
  // Where the type is a parameter, a client that leaves it out has said something too.
  if (written !== undefined && !takesContentType(op, input)) {
    headers.push(['content-type', written.contentType])
  }
  return {
    method: op.operation.method,
    path: writePath(op, input, parameters),
    query: writeQueryString(
      [...template.constants, ...writeQueryMembers(op, input, parameters)],
      [...template.flags],
    ),
    headers: written === undefined ? headers : writeChecksums(op, headers, written.body),
    ...(written === undefined ? {} : { body: written.body }),
    hostPrefix: hostPrefixOf(op, parameters),
  }
}

function takesContentType(op: OperationContext, input: ResolvedShape): boolean {
  return membersOf(op.shapes, input.shape).some(
    ({ ref, wireName }) => ref.location === 'header' && wireName?.toLowerCase() === 'content-type',
  )
}

function writePath(op: OperationContext, input: ResolvedShape, parameters: Parameters): string {
  const members = membersOf(op.shapes, input.shape)
  return uriTemplate(op.operation.uri)
    .path.map(piece => {
      if (typeof piece === 'string') return piece
      const member = members.find(
        one => one.ref.location === 'uri' && (one.wireName ?? one.name) === piece.label,
      )
      const value = member === undefined ? undefined : ownMember(parameters, member.name)
      if (member === undefined || value === undefined) throw unknownParameter(piece.label)
      const text = writeScalar(member, value, 'iso8601', member.name)
      return piece.greedy ? text.split('/').map(percentEncode).join('/') : percentEncode(text)
    })
    .join('')
}

interface WrittenBody {
  readonly body: Buffer
  readonly contentType: string
}

function writeBody(
  op: OperationContext,
  input: ResolvedShape,
  parameters: Parameters,
  form: RestBody,
): WrittenBody | undefined {
  const payload = payloadOf(op.shapes, input)
  if (payload !== undefined) {
    const value = ownMember(parameters, payload.name)
    return value === undefined ? undefined : writePayload(op, payload, value, parameters, form)
  }
  const inBody = membersInBody(op.shapes, input)
  const given = inBody.some(({ name }) => Object.hasOwn(parameters, name))
  if (!given && (inBody.length === 0 || !form.writesEmpty)) return undefined
  const members: Draft = {}
  for (const { name } of inBody) {
    const value = ownMember(parameters, name)
    if (value !== undefined) members[name] = value
  }
  return { body: form.write(op, input, members, undefined), contentType: form.contentType }
}

function writePayload(
  op: OperationContext,
  payload: ResolvedMember,
  value: Json,
  parameters: Parameters,
  form: RestBody,
): WrittenBody {
  if (payload.shape.type === 'blob') {
    return {
      body: Buffer.from(asString(value, payload.name), 'base64'),
      contentType: 'application/octet-stream',
    }
  }
  if (payload.shape.type === 'string') {
    return { body: Buffer.from(asString(value, payload.name), 'utf8'), contentType: 'text/plain' }
  }
  return { body: form.write(op, payload, parameters, payload), contentType: form.contentType }
}
