import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from '../../src/catalog/load.ts'
import type { Protocol, ServiceShapes, ShapeRef } from '../../src/catalog/model.ts'
import { GateError } from '../../src/core/errors.ts'
import type { NameValue } from '../../src/core/http.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { CanonicalRequest } from '../../src/interpret/aws/call.ts'
import { type OperationContext, readInput, writeInput } from '../../src/interpret/aws/protocols/protocol.ts'
import { inputOf, membersOf, type ResolvedShape, resolve } from '../../src/interpret/aws/protocols/shapes.ts'
import { uriTemplate } from '../../src/interpret/aws/protocols/uri.ts'

/*
 * The property that makes the gate's own form safe to send: for parameters made at random from the real
 * shapes, what `writeInput` writes is read by `readInput` as the same parameters.
 */

const catalog = loadCatalog()
const OPERATIONS_PER_PROTOCOL = 80
const DEPTH = 4

function operationsOf(protocol: Protocol): OperationContext[] {
  const all = [...catalog.services.values()]
    .filter(({ protocols }) => protocols.includes(protocol))
    .flatMap(service => [...service.operations.values()].map(operation => ({ service, operation })))
    // Its shape, long superseded, has two members of one element name.
    .filter(({ operation }) => !operation.eventsIn && operation.name !== 'PutBucketNotification')
  const step = Math.max(1, Math.floor(all.length / OPERATIONS_PER_PROTOCOL))
  return all
    .filter((_, i) => i % step === 0)
    .map(one => ({ ...one, protocol, shapes: catalog.shapes(one.service.id) }))
}

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(text => text.isWellFormed())
// XML has no way to carry control characters.
const bodyText = wellFormed.map(text =>
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?'),
)
const headerText = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/)
const label = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
  bodyText.filter(text => !/^\.*$/.test(text)),
)
const hostLabel = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const seconds = fc.integer({ min: -62135596800, max: 253402300799 })
const moment = seconds.map(second => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`)
const big = fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map(String)

/** Where a value travels decides what it can be. */
interface Place {
  readonly text: fc.Arbitrary<string>
  /** Members, lists and maps without anything in them cannot be told from absent ones. */
  readonly empty: boolean
}

const BODY: Place = { text: bodyText, empty: true }
const XML_OR_FORM: Place = { text: bodyText, empty: false }

function scalar(resolved: ResolvedShape, place: Place): fc.Arbitrary<Json> {
  switch (resolved.shape.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer()
    case 'long':
    case 'biginteger':
      return fc.oneof(fc.maxSafeInteger(), big)
    case 'float':
    case 'double':
      return fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (number === 0 ? 0 : number)),
        fc.constantFrom('NaN', 'Infinity', '-Infinity'),
      )
    case 'blob':
      return fc.uint8Array({ minLength: 1, maxLength: 9 }).map(bytes => Buffer.from(bytes).toString('base64'))
    case 'timestamp':
      return moment
    case 'document':
      return fc.dictionary(fc.string(), fc.oneof(bodyText, fc.integer(), fc.boolean()), {
        noNullPrototype: true,
      })
    default:
      return place.text
  }
}

function shapeValue(shapes: ServiceShapes, ref: ShapeRef, place: Place, depth: number): fc.Arbitrary<Json> {
  const resolved = resolve(shapes, ref)
  const { shape } = resolved
  const minLength = place.empty ? 0 : 1
  if (shape.type === 'structure') return structure(shapes, resolved, place, depth)
  if (shape.type === 'list' && shape.member !== undefined) {
    return fc.array(shapeValue(shapes, shape.member, place, depth - 1), { minLength, maxLength: 3 })
  }
  if (shape.type === 'map' && shape.value !== undefined) {
    const key = fc.oneof(bodyText, fc.constantFrom('__proto__', 'constructor', 'a.b', ''))
    return fc.dictionary(key, shapeValue(shapes, shape.value, place, depth - 1), {
      minKeys: minLength,
      maxKeys: 3,
      noNullPrototype: true,
    })
  }
  return scalar(resolved, place)
}

function structure(
  shapes: ServiceShapes,
  resolved: ResolvedShape,
  place: Place,
  depth: number,
): fc.Arbitrary<Json> {
  const members = membersOf(shapes, resolved.shape).filter(({ ref }) => {
    const { type } = resolve(shapes, ref).shape
    return depth > 0 || !['structure', 'list', 'map'].includes(type)
  })
  const arbitraries: Record<string, fc.Arbitrary<Json>> = {}
  for (const { name, ref } of members) {
    const text = ref.xmlAttribute === true ? { ...place, text: headerText } : place
    arbitraries[name] = fc.constant(0).chain(() => shapeValue(shapes, ref, text, depth - 1))
  }
  return pick(arbitraries, resolved.shape.union === true ? 1 : 4)
}

/** Some of the members of a structure. */
function pick(members: Record<string, fc.Arbitrary<Json>>, most: number): fc.Arbitrary<Json> {
  const names = Object.keys(members)
  return fc
    .subarray(names, { minLength: 0, maxLength: Math.min(most, names.length) })
    .chain(chosen =>
      fc.record(Object.fromEntries(chosen.map(name => [name, members[name]!])), { noNullPrototype: true }),
    )
}

function inputArbitrary(op: OperationContext): fc.Arbitrary<JsonObject> {
  const input = inputOf(op.shapes, op.operation.name)
  const place =
    op.protocol === 'json' || op.protocol === 'rest-json' || op.protocol === 'smithy-rpc-v2-cbor'
      ? BODY
      : XML_OR_FORM
  const needed: Record<string, fc.Arbitrary<Json>> = {}
  const optional: Record<string, fc.Arbitrary<Json>> = {}
  for (const member of membersOf(op.shapes, input.shape)) {
    const { ref, name } = member
    const element = member.shape.member === undefined ? member : resolve(op.shapes, member.shape.member)
    if (isMadeAnew(member.wireName) || (op.operation.streamsIn && input.shape.payload === name)) continue
    if (ref.hostLabel === true) needed[name] = hostLabel
    else if (ref.location === 'uri') needed[name] = scalar(member, { text: label, empty: false })
    else if (ref.location === 'header' && ref.jsonvalue === true)
      optional[name] = fc.record({ a: bodyText, b: fc.integer() }, { noNullPrototype: true })
    else if (ref.location === 'header' && member.shape.type === 'list') {
      optional[name] = fc.array(
        scalar(element, { text: fc.stringMatching(/^[a-zA-Z0-9]{1,8}$/), empty: false }),
        { minLength: 1, maxLength: 3 },
      )
    } else if (ref.location === 'header') optional[name] = scalar(member, { text: headerText, empty: false })
    else if (ref.location === 'headers')
      optional[name] = fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,8}$/), headerText, {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      })
    else if (ref.location === 'querystring' && member.shape.type === 'map') {
      const text = fc.stringMatching(/^zz[a-z]{1,8}$/)
      optional[name] = fc.dictionary(text, shapeValue(op.shapes, member.shape.value!, XML_OR_FORM, 1), {
        minKeys: 1,
        maxKeys: 3,
        noNullPrototype: true,
      })
    } else if (ref.location === 'querystring') optional[name] = shapeValue(op.shapes, ref, XML_OR_FORM, 1)
    else if (input.shape.payload === name && member.shape.type === 'string')
      optional[name] = bodyText.filter(text => text !== '')
    else optional[name] = shapeValue(op.shapes, ref, place, DEPTH)
  }
  return fc
    .tuple(fc.record(needed, { noNullPrototype: true }), pick(optional, 8))
    .map(([one, two]) => ({ ...one, ...(two as JsonObject) }))
}

/** Checksums over the body and the length of it are not the client's parameters any more. */
function isMadeAnew(wireName: string | undefined): boolean {
  return /^(content-md5|content-length|content-encoding|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm)$/i.test(
    wireName ?? '',
  )
}

/** What the router would hand over for a canonical request. */
function received(
  op: OperationContext,
  request: CanonicalRequest,
  parameters: JsonObject,
): Parameters<typeof readInput>[1] {
  const template = uriTemplate(op.operation.uri)
  const rest = op.protocol.startsWith('rest')
  const constants = new Set(rest ? [...template.constants.keys(), ...template.flags] : [])
  const query = request.query
    .split('&')
    .filter(part => part !== '')
    .map((part): NameValue => {
      const [name = '', value = ''] = part.split('=').map(decodeURIComponent)
      return [name, value]
    })
    .filter(([name]) => !constants.has(name))
  const labels = new Map(
    membersOf(op.shapes, inputOf(op.shapes, op.operation.name).shape)
      .filter(({ ref }) => ref.location === 'uri')
      .map(member => [member.wireName ?? member.name, String(parameters[member.name])]),
  )
  const target = request.query === '' ? request.path : `${request.path}?${request.query}`
  const body = request.body !== undefined && request.body.length > 0 ? request.body : undefined
  return { head: { method: request.method, target, headers: request.headers }, labels, query, body }
}

function comparable(op: OperationContext, parameters: JsonObject): Json {
  const members = membersOf(op.shapes, inputOf(op.shapes, op.operation.name).shape)
  const anew = new Set(members.filter(({ wireName }) => isMadeAnew(wireName)).map(({ name }) => name))
  return withoutEmpty(Object.fromEntries(Object.entries(parameters).filter(([name]) => !anew.has(name))))
}

/** A rest-xml or rest-json structure without members may have been absent: both mean the same to AWS. */
function withoutEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as JsonObject).map(
    ([name, member]) => [name, withoutEmpty(member)] as const,
  )
  return Object.fromEntries(entries.filter(([, member]) => !isEmpty(member)))
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

const PROTOCOLS: readonly Protocol[] = ['query', 'ec2', 'json', 'rest-json', 'rest-xml', 'smithy-rpc-v2-cbor']

for (const protocol of PROTOCOLS) {
  test(`${protocol}: what is written is read as the same`, () => {
    const operations = operationsOf(protocol)
    assert.ok(operations.length >= Math.min(OPERATIONS_PER_PROTOCOL, 30))
    for (const op of operations) {
      fc.assert(
        fc.property(inputArbitrary(op), parameters => {
          const request = writeInput(op, parameters)
          const again = readInput(op, received(op, request, parameters))
          assert.deepEqual(
            comparable(op, again.parameters),
            comparable(op, parameters),
            `${op.service.id}.${op.operation.name}`,
          )
          // And its form is the only one: writing what was read gives the same bytes.
          assert.deepEqual(writeInput(op, again.parameters), request)
          checkSensitive(again.parameters, again.sensitive)
        }),
        { numRuns: 25 },
      )
    }
  })

  test(`${protocol}: a body of any bytes is read or refused, never worse`, () => {
    const [op] = operationsOf(protocol).filter(({ operation, service, shapes }) => {
      const body = membersOf(shapes, inputOf(shapes, operation.name).shape).some(
        ({ ref }) => ref.location === undefined,
      )
      return body && !operation.streamsIn && service.id !== ''
    })
    assert.ok(op)
    fc.assert(
      fc.property(
        inputArbitrary(op),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (parameters, mutations) => {
          const request = received(op, writeInput(op, parameters), parameters)
          if (request.body === undefined) return
          const body = mutations.reduce((bytes, mutate) => mutate(bytes), request.body)
          try {
            const read = readInput(op, { ...request, body })
            // What is read can be written, and means the same again.
            const written = received(op, writeInput(op, read.parameters), read.parameters)
            assert.deepEqual(
              comparable(op, readInput(op, written).parameters),
              comparable(op, read.parameters),
            )
          } catch (error) {
            if (!(error instanceof GateError) || error.code === 'internal') throw error
          }
        },
      ),
      { numRuns: 400 },
    )
  })
}

type Mutation = (bytes: Buffer) => Buffer

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(
    ([at, byte]): Mutation =>
      bytes => {
        const copy = Buffer.from(bytes)
        if (copy.length > 0) copy[at % copy.length] = byte
        return copy
      },
  ),
  fc.nat().map(
    (at): Mutation =>
      bytes =>
        bytes.subarray(0, at % (bytes.length + 1)),
  ),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 4 })).map(
    ([at, more]): Mutation =>
      bytes => {
        const place = at % (bytes.length + 1)
        return Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)])
      },
  ),
  fc.tuple(fc.nat(), fc.nat(20)).map(
    ([at, length]): Mutation =>
      bytes => {
        const place = at % (bytes.length + 1)
        return Buffer.concat([bytes, bytes.subarray(place, place + length)])
      },
  ),
)

/** Every sensitive path begins with a member that is there. */
function checkSensitive(parameters: JsonObject, paths: readonly string[]): void {
  for (const path of paths) {
    const [first = ''] = path.split(/[.[]/, 1)
    assert.ok(Object.hasOwn(parameters, first), path)
  }
}
