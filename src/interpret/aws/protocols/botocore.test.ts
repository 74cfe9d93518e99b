import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadCatalog } from '../../../catalog/load.ts'
import type { NameValue } from '../../../core/http.ts'
import type { Json, JsonObject } from '../../../core/json.ts'
import { routeCall } from '../route.ts'
import type { RoutedOperation } from '../routing/facts.ts'
import { type OperationContext, readInput, writeInput } from './protocol.ts'
import { percentEncode } from './uri.ts'

/** A request as botocore serialised it; `vectors/protocols/make.py` writes them. */
interface Vector {
  readonly service: string
  readonly protocol: string
  readonly operation: string
  readonly signingName: string
  readonly params: JsonObject
  readonly method: string
  readonly path: string
  readonly query: Record<string, string | string[]> | [string, string][]
  readonly headers: Record<string, string>
  readonly hostPrefix: string
  readonly body: string
}

/** Older names of the same request: the newer operation is meant, and its action is the same. */
const OLDER_NAMES = new Set([
  'GetBucketLifecycle',
  'GetBucketNotification',
  'ListDirectoryBuckets',
  'PutBucketLifecycle',
  'PutBucketNotification',
])

const file = join(import.meta.dirname, '../../../../vectors/protocols/requests.jsonl')
const vectors = readFileSync(file, 'utf8')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line) as Vector)
  .filter(({ operation }) => !OLDER_NAMES.has(operation))
const catalog = loadCatalog()

/** Members that the gate makes anew (checksums over the body), or that botocore turns into another form. */
const MADE_UP = /^(ContentMD5|Checksum(Algorithm|CRC32C?|CRC64NVME|SHA1|SHA256)|Expires)$/

function queryOf({ query }: Vector): string {
  const pairs = Array.isArray(query)
    ? query
    : Object.entries(query).flatMap(([name, value]) => [value].flat().map(one => [name, one] as const))
  return pairs.map(([name, value]) => `${percentEncode(name)}=${percentEncode(String(value))}`).join('&')
}

function headersOf(vector: Vector, body: Buffer): NameValue[] {
  const headers: NameValue[] = Object.entries(vector.headers).map(([name, value]) => [
    name.toLowerCase(),
    // What Node hands over: the bytes as latin-1.
    Buffer.from(value, 'utf8').toString('latin1'),
  ])
  return [
    ['host', `${vector.hostPrefix}gate.example`],
    ...headers,
    ...(body.length > 0 ? [['content-length', String(body.length)] as const] : []),
  ]
}

function routed(vector: Vector, body: Buffer): RoutedOperation {
  const extra = queryOf(vector)
  const separator = vector.path.includes('?') ? '&' : '?'
  const target = extra === '' ? vector.path : `${vector.path}${separator}${extra}`
  const headers = headersOf(vector, body)
  const route = routeCall(
    catalog,
    { method: vector.method, target, headers },
    {
      signingName: vector.signingName,
      region: 'us-east-1',
      signedHeaders: new Set(headers.map(([name]) => name)),
      presigned: false,
      host: `${vector.hostPrefix}gate.example`,
      wayIn: { kind: 'endpoint', baseDomains: ['gate.example'] },
    },
  )
  const finished = route.resolve === undefined ? route : route.resolve(body)
  const found = finished.candidates.find(
    ({ service, operation }) => service.id === vector.service && operation.name === vector.operation,
  )
  const names = finished.candidates.map(({ service, operation }) => `${service.id}.${operation.name}`)
  assert.ok(found, `routed to ${names.join(', ') || 'nothing'}`)
  return found
}

/** Parameters without what the client's library added, and without what was not given. */
function comparable(value: Json): Json {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, member]) => !MADE_UP.test(name) && !isEmptyObject(member as Json))
      .map(([name, member]) => [name, comparable(member as Json)]),
  )
}

/** A form cannot carry a structure without members. */
function isEmptyObject(value: Json): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  )
}

const failures: string[] = []
for (const vector of vectors) {
  const name = `${vector.protocol} ${vector.service} ${vector.operation}`
  try {
    check(vector)
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message.slice(0, 600) : String(error)}`)
  }
}

function check(vector: Vector): void {
  const body = Buffer.from(vector.body, 'base64')
  const { service, operation, protocol, labels, query } = routed(vector, body)
  const op: OperationContext = { service, operation, protocol, shapes: catalog.shapes(service.id) }
  const head = { method: vector.method, target: vector.path, headers: headersOf(vector, body) }
  const { parameters } = readInput(op, { head, labels, query, body: body.length > 0 ? body : undefined })
  assert.deepEqual(comparable(parameters), comparable(vector.params))
  // What the gate writes is read as the same again: the property that makes its own form safe to send.
  const written = writeInput(op, parameters)
  const again = readInput(op, {
    head: { method: written.method, target: written.path, headers: written.headers },
    labels,
    query: splitQuery(written.query, operation.uri),
    body: written.body !== undefined && written.body.length > 0 ? written.body : undefined,
  })
  assert.deepEqual(comparable(again.parameters), comparable(parameters))
}

function splitQuery(query: string, uri: string): NameValue[] {
  const literal = new Set((uri.split('?')[1] ?? '').split('&').map(part => part.split('=')[0]))
  return query
    .split('&')
    .filter(part => part !== '')
    .map(part => part.split('='))
    .filter(([name = '']) => !literal.has(name))
    .map(([name = '', value = '']) => [decodeURIComponent(name), decodeURIComponent(value)])
}

test(`${vectors.length} requests of botocore are routed and read as what they were made from`, () => {
  assert.ok(vectors.length > 1000)
  assert.deepEqual(failures, [])
})
