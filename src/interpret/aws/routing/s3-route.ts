import type { Catalog, ServiceHead } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import type { HttpTarget } from '../../../wire/http/messages.ts'
import { isAccountId } from '../arn.ts'
import type { Address } from './address.ts'
import type { RoutedOperation, RouteFacts } from './facts.ts'
import { S3Table } from './s3.ts'

/** What S3 routes by. */
export interface S3Request {
  readonly catalog: Catalog
  readonly head: HttpHead
  readonly target: HttpTarget
  readonly headers: ReadonlyMap<string, string>
  readonly query: readonly NameValue[]
  readonly address: Address
  readonly facts: RouteFacts
}

const tables = new WeakMap<ServiceHead, S3Table>()

/** The one S3 operation that the request is; throws as `S3Table.match` does. */
export function matchS3(request: S3Request, service: ServiceHead): readonly RoutedOperation[] {
  let table = tables.get(service)
  if (table === undefined) {
    table = new S3Table(service)
    tables.set(service, table)
  }
  const { entry, labels, query } = table.match(
    request.catalog,
    request.head.method,
    { ...request.target, query: request.query },
    bucketOfHost(request),
    request.facts.signingName === 's3express',
    new Set(request.headers.keys()),
  )
  return [{ service, operation: entry.operation, protocol: 'rest-xml', labels, query }]
}

/** The bucket that a virtual-hosted request names by its host; empty for path style. */
function bucketOfHost({ address, facts }: S3Request): string {
  const { prefix } = address
  if (prefix === '') return ''
  if (!prefix.endsWith('.'))
    throw new GateError('host-unclear', `\`${facts.host}\` is no virtual host of a bucket`)
  const name = prefix.slice(0, -1)
  if (facts.wayIn.kind === 'proxy' && facts.host.slice(prefix.length).startsWith('s3-accesspoint.')) {
    return accessPointArn(name, facts)
  }
  return name
}

/** `NAME-ACCOUNT.s3-accesspoint.REGION.amazonaws.com` is an access point of that account. */
function accessPointArn(label: string, facts: RouteFacts): string {
  const dash = label.lastIndexOf('-')
  const account = label.slice(dash + 1)
  if (!isAccountId(account)) throw new GateError('host-unclear', `\`${facts.host}\` names no access point`)
  const partition = facts.host.endsWith('.cn')
    ? 'aws-cn'
    : facts.region.startsWith('us-gov-')
      ? 'aws-us-gov'
      : 'aws'
  return `arn:${partition}:s3:${facts.region}:${account}:accesspoint/${label.slice(0, dash)}`
}
