import type { Endpoint } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import { atEndpoint, type UpstreamAddress } from './place.ts'
import type { UpstreamRequest } from './port.ts'

export function isS3(service: string): boolean {
  return service === 's3'
}

/**
 * A bucket that can stand before the endpoint: no dots (the wildcard certificate covers one label), and the
 * rules of S3 User Guide, "General purpose buckets naming rules".
 */
const LABEL_BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/
/** Directory buckets end in their zone: `name--usw2-az1--x-s3`. */
const EXPRESS_BUCKET = /^[a-z0-9][a-z0-9-]{0,50}--([a-z0-9]{1,12}-[a-z0-9]{1,8})--x-s3$/
/** `arn:aws:s3:us-west-2:111122223333:accesspoint/name`, also with `:` before the name. */
const ACCESS_POINT =
  /^arn:(aws[a-z-]{0,20}):(s3|s3-object-lambda):([a-z0-9-]{1,40}):(\d{12}):accesspoint[/:]([a-z0-9-]{1,63})$/

/** Calls on a directory bucket that its zone answers; its other bucket calls go to the region. */
const ZONAL_BUCKET_CALLS: ReadonlySet<string> = new Set([
  'CreateSession',
  'DeleteObjects',
  'HeadBucket',
  'ListMultipartUploads',
  'ListObjects',
  'ListObjectsV2',
])
/** Zonal calls that are signed with plain credentials (`DisableS3ExpressSessionAuth` in the model). */
const WITHOUT_SESSION: ReadonlySet<string> = new Set(['CopyObject', 'CreateSession', 'UploadPartCopy'])

/**
 * Where a path-style S3 request goes at AWS: to the bucket's own name where it can have one, to an access
 * point's, to a directory bucket's zone, else path-style. Throws `upstream-host-invalid` for ARNs that
 * need another signature than SigV4 or that the gate does not know.
 */
export function placeS3(request: UpstreamRequest, endpoint: Endpoint, partition: string): UpstreamAddress {
  const slash = request.path.indexOf('/', 1)
  const written = request.path.slice(1, slash < 0 ? undefined : slash)
  const bucket = written.includes('%') ? decode(written) : written
  const rest = slash < 0 ? '/' : request.path.slice(slash)
  const scope = { region: endpoint.signingRegion, service: endpoint.signingName }
  if (bucket.startsWith('arn:')) return placeAccessPoint(bucket, rest, endpoint, partition)
  const zone = EXPRESS_BUCKET.exec(bucket)?.[1]
  if (zone !== undefined) return placeExpress(request, bucket, zone, rest, endpoint)
  if (request.operation === 'ListDirectoryBuckets')
    return atEndpoint(expressControl(endpoint), request.path, { ...scope, service: 's3express' })
  if (request.operation === 'WriteGetObjectResponse') {
    const host = `${request.hostPrefix}s3-object-lambda.${endpoint.signingRegion}.${suffix(endpoint)}`
    return atEndpoint(host, request.path, { ...scope, service: 's3-object-lambda' })
  }
  if (LABEL_BUCKET.test(bucket)) return atEndpoint(`${bucket}.${endpoint.host}`, rest, scope)
  return atEndpoint(endpoint.host, request.path, scope)
}

function placeAccessPoint(arn: string, rest: string, endpoint: Endpoint, partition: string): UpstreamAddress {
  const match = ACCESS_POINT.exec(arn)
  const [, ofPartition, service = '', region = '', account = '', name = ''] = match ?? []
  if (match === null || ofPartition !== partition || region !== endpoint.signingRegion) {
    throw new GateError(
      'upstream-host-invalid',
      `the gate cannot address \`${arn.slice(0, 120)}\` in \`${endpoint.signingRegion}\``,
    )
  }
  const family = service === 's3' ? 's3-accesspoint' : 's3-object-lambda'
  return atEndpoint(`${name}-${account}.${family}.${region}.${suffix(endpoint)}`, rest, { region, service })
}

function placeExpress(
  request: UpstreamRequest,
  bucket: string,
  zone: string,
  rest: string,
  endpoint: Endpoint,
): UpstreamAddress {
  const scope = { region: endpoint.signingRegion, service: 's3express' }
  const zonal = rest !== '/' || ZONAL_BUCKET_CALLS.has(request.operation)
  if (!zonal) return atEndpoint(expressControl(endpoint), request.path, scope)
  const address = atEndpoint(
    `${bucket}.s3express-${zone}.${endpoint.signingRegion}.${suffix(endpoint)}`,
    rest,
    scope,
  )
  return WITHOUT_SESSION.has(request.operation) ? address : { ...address, expressBucket: bucket }
}

function expressControl(endpoint: Endpoint): string {
  return `s3express-control.${endpoint.signingRegion}.${suffix(endpoint)}`
}

/** The partition's domain: what stands after the region in the service's endpoint. */
function suffix(endpoint: Endpoint): string {
  const marker = `.${endpoint.signingRegion}.`
  const at = endpoint.host.indexOf(marker)
  return at < 0 ? 'amazonaws.com' : endpoint.host.slice(at + marker.length)
}

function decode(written: string): string {
  try {
    return decodeURIComponent(written)
  } catch {
    throw new GateError('upstream-host-invalid', 'the bucket in the path is not percent-encoded UTF-8')
  }
}
