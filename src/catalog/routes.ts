import type { OperationHead, Protocol, ServiceHead } from './model.ts'
import { damaged } from './pack.ts'
import { Table, tableOf } from './table.ts'

/**
 * What routing needs, as text: a line for each service, which begins with `=`, and below it a line for
 * each of its operations. Fields are separated by tabs; an absent field is empty.
 *
 * ```
 * =id  signingName  endpointPrefix  serviceId  apiVersion  protocols  jsonVersion  targetPrefix  xmlNamespace
 * Name  method  uri  flags  hostPrefix
 * ```
 *
 * An empty method is `POST`, an empty URI `/`. Flags are letters of `OPERATION_FLAGS`.
 */
export const OPERATION_FLAGS = {
  unsigned: 'n',
  unsignedBody: 'u',
  streamsIn: 'i',
  streamsOut: 'o',
  eventsIn: 'e',
} as const

const PROTOCOLS: ReadonlySet<string> = new Set<Protocol>([
  'query',
  'ec2',
  'json',
  'rest-json',
  'rest-xml',
  'smithy-rpc-v2-cbor',
])

/** Reads the chunk `routes`: all services in order of id. */
export function decodeRoutes(text: string): ReadonlyMap<string, ServiceHead> {
  const services: (readonly [string, ServiceHead])[] = []
  let head: readonly string[] | undefined
  let operations: OperationHead[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('=') || line === '') {
      if (head !== undefined) services.push([head[0] ?? '', decodeService(head, operations)])
      head = line === '' ? undefined : line.slice(1).split('\t')
      operations = []
    } else {
      operations.push(decodeOperation(line.split('\t')))
    }
  }
  return tableOf(services)
}

function decodeService(fields: readonly string[], operations: readonly OperationHead[]): ServiceHead {
  const [id, signingName, endpointPrefix, serviceId, apiVersion, protocols] = fields
  const [, , , , , , jsonVersion, targetPrefix, xmlNamespace] = fields
  if (id === undefined || signingName === undefined || endpointPrefix === undefined) {
    throw damaged('a service has no name')
  }
  return Object.freeze({
    id,
    signingName,
    endpointPrefix,
    serviceId: serviceId ?? '',
    apiVersion: apiVersion ?? '',
    protocols: Object.freeze((protocols ?? '').split(' ').map(protocolOf)),
    ...(jsonVersion ? { jsonVersion } : {}),
    ...(targetPrefix ? { targetPrefix } : {}),
    ...(xmlNamespace ? { xmlNamespace } : {}),
    operations: tableOf(operations.map(operation => [operation.name, operation] as const)),
  })
}

function decodeOperation(fields: readonly string[]): OperationHead {
  const [name, method, uri, flags = '', hostPrefix] = fields
  if (name === undefined) throw damaged('an operation has no name')
  return Object.freeze({
    name,
    method: method || 'POST',
    uri: uri || '/',
    unsigned: flags.includes(OPERATION_FLAGS.unsigned),
    unsignedBody: flags.includes(OPERATION_FLAGS.unsignedBody),
    streamsIn: flags.includes(OPERATION_FLAGS.streamsIn),
    streamsOut: flags.includes(OPERATION_FLAGS.streamsOut),
    eventsIn: flags.includes(OPERATION_FLAGS.eventsIn),
    ...(hostPrefix ? { hostPrefix } : {}),
  })
}

function protocolOf(name: string): Protocol {
  if (!PROTOCOLS.has(name)) throw damaged(`there is no protocol \`${name}\``)
  return name as Protocol
}

/** Groups services by a name that several may share; those without one are left out. */
export function groupBy(
  services: ReadonlyMap<string, ServiceHead>,
  nameOf: (service: ServiceHead) => string | undefined,
): ReadonlyMap<string, readonly ServiceHead[]> {
  const groups = new Map<string, ServiceHead[]>()
  for (const service of services.values()) {
    const name = nameOf(service)
    if (name === undefined) continue
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [service])
    else group.push(service)
  }
  const names = [...groups.keys()]
  return new Table(names, place => Object.freeze(groups.get(names[place] ?? '') ?? []))
}
