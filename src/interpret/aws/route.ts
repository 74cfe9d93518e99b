import type { Catalog, OperationHead, Protocol, ServiceHead } from '../../catalog/model.ts'
import { GateError } from '../../core/errors.ts'
import type { HttpHead, NameValue } from '../../core/http.ts'
import { readForm } from '../../wire/http/form.ts'
import { readHeaders } from '../../wire/http/headers.ts'
import type { HttpTarget } from '../../wire/http/messages.ts'
import { readTarget } from '../../wire/http/target.ts'
import { type Address, readAddress } from './routing/address.ts'
import type { Route, RoutedOperation, RouteFacts } from './routing/facts.ts'
import { refuseOverrides } from './routing/headers.ts'
import { bodyLimit } from './routing/limits.ts'
import { settlePresigned } from './routing/presigned.ts'
import { matchRest } from './routing/rest.ts'
import { matchCbor, matchQuery, matchTarget, type RpcRequest } from './routing/rpc.ts'
import { matchS3 } from './routing/s3-route.ts'
import { servicesFor, takeHint } from './routing/service-path.ts'

export type { Route, RoutedOperation, RouteFacts, WayIn } from './routing/facts.ts'

/** A request under way to its operation. */
interface Incoming {
  readonly catalog: Catalog
  readonly head: HttpHead
  readonly target: HttpTarget
  readonly headers: ReadonlyMap<string, string>
  readonly query: readonly NameValue[]
  readonly services: readonly ServiceHead[]
  readonly address: Address
  readonly facts: RouteFacts
}

/**
 * Finds out which operations of which services a request may be, from its head alone, so that a body
 * is not read before it has to be. The order is AWS's own: the signing name, then `X-Amz-Target`, the RPC
 * path, method and path, and last the `Action` of a form.
 * @throws GateError `service-unknown`, `operation-unknown`, `request-ambiguous`, `host-unclear`,
 *   `header-*`, `http-*`, `content-type-mismatch`, `bucket-name-invalid`, `s3-*`, `event-stream-input`
 */
export function routeCall(catalog: Catalog, head: HttpHead, facts: RouteFacts): Route {
  const { target: rawTarget, hint } = takeHint(catalog, head.target)
  const target = readTarget(rawTarget)
  refuseOverrides(readHeaders(head.headers).names())
  const settled = settlePresigned(target.query, head.headers, facts.presigned)
  const address = readAddress(catalog, facts)
  const incoming: Incoming = {
    catalog,
    head: { method: head.method, target: rawTarget, headers: settled.headers },
    target,
    headers: new Map(settled.headers),
    query: settled.query,
    services: servicesFor(catalog, facts.signingName, hint, address.services),
    address,
    facts: withSigned(facts, settled.hoisted),
  }
  if (facts.signingName === 's3-object-lambda' || facts.signingName === 's3-outposts') {
    throw new GateError('s3-unsupported', `requests for \`${facts.signingName}\` do not pass the gate`)
  }
  return dispatch(incoming)
}

function withSigned(facts: RouteFacts, hoisted: ReadonlySet<string>): RouteFacts {
  if (hoisted.size === 0) return facts
  return { ...facts, signedHeaders: facts.signedHeaders.union(hoisted) }
}

function dispatch(incoming: Incoming): Route {
  const { headers, services, target } = incoming
  if (headers.has('x-amz-target')) return routed(incoming, matchTarget(rpcRequest(incoming)))
  if (headers.has('smithy-protocol')) return routed(incoming, matchCbor(rpcRequest(incoming)))
  const s3 = services.find(service => service.id === 's3')
  if (s3 !== undefined && !isControlCall(incoming)) return routed(incoming, matchS3(incoming, s3))
  const rest = services.filter(speaks('rest-json', 'rest-xml'))
  const found = s3 === undefined || isControlCall(incoming) ? matchRest(incoming, rest) : []
  if (found.length > 0) return routed(incoming, found)
  const forms = services.filter(speaks('query', 'ec2'))
  if (forms.length > 0 && target.rawPath === '/') return routeForm(incoming, forms)
  const name = services.map(service => `\`${service.id}\``).join(', ')
  throw new GateError(
    'operation-unknown',
    `no operation of ${name} is \`${incoming.head.method}\` on this path`,
  )
}

/** S3 Control shares S3's signing name; every call of it names the account, and no call of S3 does. */
function isControlCall(incoming: Incoming): boolean {
  return incoming.headers.has('x-amz-account-id') && incoming.target.rawPath.startsWith('/v20180820/')
}

function speaks(...protocols: readonly Protocol[]): (service: ServiceHead) => boolean {
  return service => service.protocols.some(protocol => protocols.includes(protocol))
}

function rpcRequest(incoming: Incoming): RpcRequest {
  const { head, target, headers, query, services } = incoming
  return { method: head.method, path: target.rawPath, headers, query, services }
}

/** By `GET` the query names the action, by `POST` the form: then the route is finished with the body. */
function routeForm(incoming: Incoming, services: readonly ServiceHead[]): Route {
  const request = { ...rpcRequest(incoming), services }
  if (incoming.head.method === 'GET') return routed(incoming, matchQuery(request, incoming.query))
  if (incoming.head.method !== 'POST') {
    throw new GateError('operation-unknown', `the query protocol has no method \`${incoming.head.method}\``)
  }
  if (incoming.query.length > 0) {
    throw new GateError('request-ambiguous', 'parameters are in the query, but a form is read from the body')
  }
  const type = incoming.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    throw new GateError('content-type-mismatch', 'the body of the query protocol is a form')
  }
  const pending = routeOf(incoming, [])
  return {
    ...pending,
    protocol: services[0]?.protocols.includes('ec2') === true ? 'ec2' : 'query',
    resolve: body => routed(incoming, matchQuery(request, readForm(body))),
  }
}

function routed(incoming: Incoming, candidates: readonly RoutedOperation[]): Route {
  const [first] = candidates
  if (first === undefined)
    throw new GateError('operation-unknown', 'the request is no operation that is known')
  for (const { operation, service } of candidates) {
    if (operation.eventsIn) {
      throw new GateError(
        'event-stream-input',
        `\`${service.id}\` \`${operation.name}\` takes an event stream`,
      )
    }
  }
  return routeOf(incoming, candidates)
}

function routeOf(incoming: Incoming, candidates: readonly RoutedOperation[]): Route {
  const operations: readonly OperationHead[] = candidates.map(({ operation }) => operation)
  return {
    head: incoming.head,
    facts: incoming.facts,
    hostPrefix: incoming.address.prefix,
    candidates,
    protocol: candidates[0]?.protocol ?? 'query',
    body: operations.length > 0 && operations.every(({ streamsIn }) => streamsIn) ? 'stream' : 'whole',
    maxBodyBytes: bodyLimit(candidates),
  }
}
