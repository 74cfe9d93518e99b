import { OPERATION_FLAGS } from '../../src/catalog/routes.ts'
import { field, word } from './fields.ts'
import type { BotoOperation, BotoRef, BotoService, BotoShape } from './model.ts'
import { shapeOf } from './shapes.ts'

/** Writes what `decodeRoutes` reads; the services must come in order of id. */
export function encodeRoutes(services: readonly BotoService[]): string {
  return `${services.map(encodeService).join('\n')}\n`
}

/** The name that a service signs with. */
export function signingNameOf(service: BotoService): string {
  return service.metadata.signingName ?? service.metadata.endpointPrefix
}

function encodeService(service: BotoService): string {
  const { metadata } = service
  const { xmlNamespace } = metadata
  const head = [
    `=${word(service.id)}`,
    signingNameOf(service),
    metadata.endpointPrefix,
    metadata.serviceId,
    metadata.apiVersion,
    (metadata.protocols ?? [metadata.protocol]).join(' '),
    metadata.jsonVersion ?? '',
    metadata.targetPrefix ?? '',
    (typeof xmlNamespace === 'object' ? xmlNamespace.uri : xmlNamespace) ?? '',
  ]
  const lines = [head.map(field).join('\t')]
  for (const [name, operation] of Object.entries(service.operations)) {
    lines.push(encodeOperation(service, name, operation))
  }
  return lines.join('\n')
}

function encodeOperation(service: BotoService, name: string, operation: BotoOperation): string {
  const { method, requestUri } = operation.http
  const fields = [
    word(name),
    method === 'POST' ? '' : method,
    requestUri === '/' ? '' : requestUri,
    flagsOf(service, operation),
    operation.endpoint?.hostPrefix ?? '',
  ]
  return fields.map(field).join('\t').replace(/\t+$/, '')
}

function flagsOf(service: BotoService, operation: BotoOperation): string {
  const unsigned = operation.authtype === 'none' || (operation.auth ?? []).includes('smithy.api#noAuth')
  const flags = [
    unsigned ? OPERATION_FLAGS.unsigned : '',
    operation.authtype === 'v4-unsigned-body' ? OPERATION_FLAGS.unsignedBody : '',
    streams(service, operation.input) ? OPERATION_FLAGS.streamsIn : '',
    streams(service, operation.output) || emits(service, operation.output) ? OPERATION_FLAGS.streamsOut : '',
    emits(service, operation.input) ? OPERATION_FLAGS.eventsIn : '',
  ]
  return flags.join('')
}

/** Whether the payload is a blob of unknown length. */
function streams(service: BotoService, ref: BotoRef | undefined): boolean {
  const shape = ref === undefined ? undefined : shapeOf(service, ref.shape)
  const payload = shape?.payload === undefined ? undefined : shape.members?.[shape.payload]
  if (payload === undefined) return false
  const target = shapeOf(service, payload.shape)
  return target.type === 'blob' && (payload.streaming === true || target.streaming === true)
}

/** Whether a member is an event stream; the json protocol does not mark it as the payload. */
function emits(service: BotoService, ref: BotoRef | undefined): boolean {
  const shape: BotoShape | undefined = ref === undefined ? undefined : shapeOf(service, ref.shape)
  return Object.values(shape?.members ?? {}).some(
    member => shapeOf(service, member.shape).eventstream === true,
  )
}
