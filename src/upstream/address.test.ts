import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint } from '../catalog/model.ts'
import { GateError } from '../core/errors.ts'
import { type AddressPorts, addressOf, allowedEndpoint } from './address.ts'
import type { UpstreamRequest } from './port.ts'

/** As the catalog answers: IAM is global, everything else regional, China a partition of its own. */
function endpoint(service: string, region: string): Endpoint {
  const china = region.startsWith('cn-')
  const suffix = china ? 'amazonaws.com.cn' : 'amazonaws.com'
  const partition = china ? 'aws-cn' : 'aws'
  if (service === 'iam') {
    return {
      host: `iam.${suffix}`,
      signingRegion: china ? 'cn-north-1' : 'us-east-1',
      signingName: 'iam',
      partition,
    }
  }
  return { host: `${service}.${region}.${suffix}`, signingRegion: region, signingName: service, partition }
}

function ports(more: Partial<AddressPorts> = {}): AddressPorts {
  return {
    catalog: { endpoint, services: new Map() },
    endpoints: { byService: new Map() },
    partition: 'aws',
    ...more,
  }
}

function request(service: string, path: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    service,
    operation: 'X',
    region: 'eu-west-1',
    method: 'GET',
    path,
    query: '',
    headers: [],
    hostPrefix: '',
    body: { kind: 'none' },
    ...more,
  }
}

const where = (of: UpstreamRequest, more: Partial<AddressPorts> = {}): string => {
  const { origin, path, scope } = addressOf(of, ports(more))
  return `${origin}${path} ${scope.region}/${scope.service}`
}

/** Calls, and where they go. */
const PLACES: readonly [call: UpstreamRequest, place: string][] = [
  [request('ec2', '/'), 'https://ec2.eu-west-1.amazonaws.com/ eu-west-1/ec2'],
  [request('iam', '/'), 'https://iam.amazonaws.com/ us-east-1/iam'],
  [
    request('s3control', '/v20180820/x', { hostPrefix: '111122223333.' }),
    'https://111122223333.s3control.eu-west-1.amazonaws.com/v20180820/x eu-west-1/s3control',
  ],
  [request('s3', '/'), 'https://s3.eu-west-1.amazonaws.com/ eu-west-1/s3'],
  [request('s3', '/builds'), 'https://builds.s3.eu-west-1.amazonaws.com/ eu-west-1/s3'],
  [request('s3', '/builds/a//b%20c'), 'https://builds.s3.eu-west-1.amazonaws.com/a//b%20c eu-west-1/s3'],
  [request('s3', '/dotted.name/a'), 'https://s3.eu-west-1.amazonaws.com/dotted.name/a eu-west-1/s3'],
  [request('s3', '/Upper_Case/a'), 'https://s3.eu-west-1.amazonaws.com/Upper_Case/a eu-west-1/s3'],
  [
    request('s3', '/arn%3Aaws%3As3%3Aeu-west-1%3A111122223333%3Aaccesspoint%2Fteam/a'),
    'https://team-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/a eu-west-1/s3',
  ],
  [
    request('s3', '/arn%3Aaws%3As3-object-lambda%3Aeu-west-1%3A111122223333%3Aaccesspoint%2Fteam/a'),
    'https://team-111122223333.s3-object-lambda.eu-west-1.amazonaws.com/a eu-west-1/s3-object-lambda',
  ],
  [
    request('s3', '/b--euw1-az1--x-s3/a', { operation: 'GetObject' }),
    'https://b--euw1-az1--x-s3.s3express-euw1-az1.eu-west-1.amazonaws.com/a eu-west-1/s3express',
  ],
  [
    request('s3', '/b--euw1-az1--x-s3', { operation: 'GetBucketPolicy' }),
    'https://s3express-control.eu-west-1.amazonaws.com/b--euw1-az1--x-s3 eu-west-1/s3express',
  ],
  [
    request('s3', '/', { operation: 'ListDirectoryBuckets' }),
    'https://s3express-control.eu-west-1.amazonaws.com/ eu-west-1/s3express',
  ],
]

for (const [call, place] of PLACES) {
  test(`${call.service} ${call.path} goes to ${place}`, () => assert.equal(where(call), place))
}

test('overrides: for all or one service, with port and path, path-style, prefixes only before names', () => {
  const all = { endpoints: { default: 'http://127.0.0.1:5000/base/', byService: new Map() } }
  const builds = request('s3', '/builds/a', { hostPrefix: 'x.' })
  assert.equal(where(builds, all), 'http://127.0.0.1:5000/base/builds/a eu-west-1/s3')
  const one = { endpoints: { byService: new Map([['s3', 'https://vpce.example:8443']]) } }
  assert.equal(where(builds, one), 'https://x.vpce.example:8443/builds/a eu-west-1/s3')
  assert.equal(where(request('ec2', '/'), one), 'https://ec2.eu-west-1.amazonaws.com/ eu-west-1/ec2')
  const ipv6 = { endpoints: { default: 'http://[::1]:5000', byService: new Map() } }
  assert.equal(where(request('ec2', '/', { hostPrefix: 'x.' }), ipv6), 'http://[::1]:5000/ eu-west-1/ec2')
})

test('only zonal calls with a session are marked as such', () => {
  const bucket = '/b--euw1-az1--x-s3/a'
  const of = (operation: string): string | undefined =>
    addressOf(request('s3', bucket, { operation }), ports()).expressBucket
  assert.equal(of('PutObject'), 'b--euw1-az1--x-s3')
  assert.equal(of('CopyObject'), undefined)
})

test('regions: the list, global services by where they lead, other partitions, no names', () => {
  const code = (service: string, region: string, regions?: string[]): string => {
    try {
      allowedEndpoint(service, region, ports(regions ? { regions } : {}))
      return 'allowed'
    } catch (error) {
      return error instanceof GateError ? error.code : String(error)
    }
  }
  assert.equal(code('ec2', 'eu-west-1', ['eu-west-1']), 'allowed')
  assert.equal(code('ec2', 'us-east-1', ['eu-west-1']), 'region-not-allowed')
  assert.equal(code('iam', 'us-east-1', ['eu-west-1']), 'allowed')
  assert.equal(code('ec2', 'cn-north-1'), 'region-not-allowed')
  for (const region of ['', 'evil.example', 'us-east-1.evil', 'us-east-1/', 'us-east-1@x', 'US-EAST-1']) {
    assert.equal(code('ec2', region), 'region-not-allowed', region)
  }
})

test('no parameter of a client leads to a host that is not below the endpoint', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('a', '.', '/', '@', ':', '#', '-', '%') }),
  )
  const refusals = ['upstream-host-invalid', 'region-not-allowed']
  fc.assert(
    fc.property(anything, anything, fc.constantFrom('s3', 'ec2'), (hostPrefix, bucket, service) => {
      let host: string
      try {
        host = new URL(addressOf(request(service, `/${bucket}/k`, { hostPrefix }), ports()).origin).hostname
      } catch (error) {
        assert.ok(error instanceof GateError && refusals.includes(error.code), String(error))
        return
      }
      assert.ok(host.endsWith('.eu-west-1.amazonaws.com'), host)
    }),
    { numRuns: 2000 },
  )
})
