import type { OperationHead, Protocol, ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import type { RoutedOperation } from './facts.ts'

/** What the RPC protocols route by. */
export interface RpcRequest {
  readonly method: string
  /** As sent. */
  readonly path: string
  readonly headers: ReadonlyMap<string, string>
  /** Without the signature's parameters. */
  readonly query: readonly NameValue[]
  /** The services that the signature allows. */
  readonly services: readonly ServiceHead[]
}

const NO_LABELS: ReadonlyMap<string, string> = new Map()
/** SQS clients send to the path of a queue's URL; it is compared with `QueueUrl` when that is known. */
const QUEUE_PATH = /^\/[0-9]{12}\/[A-Za-z0-9_.-]{1,80}$/
const NAME = /^[A-Za-z0-9]{1,128}$/

/**
 * The json protocol: `X-Amz-Target: PREFIX.Operation` (Smithy, "AWS JSON 1.0 protocol").
 * @throws GateError `request-ambiguous`, `operation-unknown`, `content-type-mismatch`
 */
export function matchTarget(request: RpcRequest): readonly RoutedOperation[] {
  const target = request.headers.get('x-amz-target') ?? ''
  const dot = target.lastIndexOf('.')
  const prefix = target.slice(0, Math.max(dot, 0))
  const name = target.slice(dot + 1)
  const services = request.services.filter(service => service.targetPrefix === prefix && speaksJson(service))
  if (services.length === 0) {
    throw new GateError('request-ambiguous', '`x-amz-target` names a service that the signature is not for')
  }
  requireRpc(request, /^application\/x-amz-json-1\.[01]$/, 'application/x-amz-json-1.0')
  if (request.headers.has('smithy-protocol')) throw twoProtocols()
  return candidates(services, name, 'json')
}

function speaksJson(service: ServiceHead): boolean {
  return service.protocols.includes('json')
}

/**
 * Smithy RPC v2 CBOR: `POST /service/SERVICE/operation/OPERATION` with `smithy-protocol: rpc-v2-cbor`.
 * @throws GateError `request-ambiguous`, `operation-unknown`, `content-type-mismatch`
 */
export function matchCbor(request: RpcRequest): readonly RoutedOperation[] {
  if (request.headers.get('smithy-protocol') !== 'rpc-v2-cbor') {
    throw new GateError('request-ambiguous', '`smithy-protocol` is not `rpc-v2-cbor`')
  }
  const [empty, service, serviceName, operation, name, ...rest] = request.path.split('/')
  if (empty !== '' || service !== 'service' || operation !== 'operation' || rest.length > 0) {
    throw new GateError('path-invalid', 'the path is not `/service/SERVICE/operation/OPERATION`')
  }
  const services = request.services.filter(
    ({ targetPrefix, protocols }) => targetPrefix === serviceName && protocols.includes('smithy-rpc-v2-cbor'),
  )
  if (services.length === 0) {
    throw new GateError('request-ambiguous', 'the path names a service that the signature is not for')
  }
  requireRpc({ ...request, path: '/' }, /^application\/cbor$/, 'application/cbor')
  return candidates(services, name ?? '', 'smithy-rpc-v2-cbor')
}

function requireRpc(request: RpcRequest, types: RegExp, expected: string): void {
  if (request.method !== 'POST') {
    throw new GateError('request-ambiguous', `the operation is called by POST, not \`${request.method}\``)
  }
  if (request.path !== '/' && !isQueuePath(request)) {
    throw new GateError('path-invalid', 'the path of the protocol is `/`')
  }
  if (request.query.length > 0) {
    throw new GateError('request-ambiguous', 'the protocol takes no parameters from the query')
  }
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!types.test(type)) throw new GateError('content-type-mismatch', `the body has to be \`${expected}\``)
}

function isQueuePath(request: RpcRequest): boolean {
  return request.services.some(({ id }) => id === 'sqs') && QUEUE_PATH.test(request.path)
}

/**
 * The query protocols: `Action` and `Version` among the parameters. A service is meant when its version
 * is named; the others that sign alike and know the action are candidates too.
 * @throws GateError `request-ambiguous`, `operation-unknown`, `parameter-duplicate`
 */
export function matchQuery(
  request: RpcRequest,
  parameters: readonly NameValue[],
): readonly RoutedOperation[] {
  const action = onlyValue(parameters, 'Action')
  const version = onlyValue(parameters, 'Version')
  const services = request.services.filter(service => service.apiVersion === version)
  if (services.length === 0) {
    throw new GateError(
      'operation-unknown',
      `no service of this signature has the version \`${clip(version)}\``,
    )
  }
  return services.flatMap(service => {
    const operation = service.operations.get(action)
    const protocol: Protocol = service.protocols.includes('ec2') ? 'ec2' : 'query'
    return operation === undefined ? [] : [routedTo(service, operation, protocol, request.query)]
  })
}

function onlyValue(parameters: readonly NameValue[], name: string): string {
  let found: string | undefined
  for (const [given, value] of parameters) {
    if (given.length !== name.length || given.toLowerCase() !== name.toLowerCase()) continue
    if (given !== name || found !== undefined) {
      throw new GateError('parameter-duplicate', `\`${name}\` is there twice or in another case`)
    }
    found = value
  }
  if (found === undefined) throw new GateError('operation-unknown', `the request has no \`${name}\``)
  return found
}

function candidates(
  services: readonly ServiceHead[],
  name: string,
  protocol: Protocol,
): readonly RoutedOperation[] {
  const found = services.flatMap(service => {
    const operation = NAME.test(name) ? service.operations.get(name) : undefined
    return operation === undefined ? [] : [routedTo(service, operation, protocol, [])]
  })
  if (found.length === 0) {
    throw new GateError('operation-unknown', `\`${services[0]?.id}\` has no operation \`${clip(name)}\``)
  }
  return found
}

function routedTo(
  service: ServiceHead,
  operation: OperationHead,
  protocol: Protocol,
  query: readonly NameValue[],
): RoutedOperation {
  return { service, operation, protocol, labels: NO_LABELS, query }
}

function twoProtocols(): GateError {
  return new GateError('request-ambiguous', 'the request names two protocols')
}

function clip(text: string): string {
  return text.slice(0, 64)
}
