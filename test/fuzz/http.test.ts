import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import type { NameValue } from '../../src/core/http.ts'
import { readForm } from '../../src/wire/http/form.ts'
import { readHeaders } from '../../src/wire/http/headers.ts'
import { readRequest } from '../../src/wire/http/reader.ts'
import { readTarget } from '../../src/wire/http/target.ts'
import { encodePath, encodeQuery } from '../../src/wire/http/writer.ts'
import { ANY_CHARACTER } from '../harness/any-character.ts'

/** What the decoder made; undefined if it refused. Any error but a `GateError` of the client fails the test. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.notEqual(error.code, 'internal')
    assert.ok(error.message.length < 400, 'the message repeats input without a bound')
    assert.doesNotMatch(error.message, /[^\u0020-\u007e]/)
    return undefined
  }
}

/** Attacks that were thought of or met; nothing is ever removed. */
const SEEDS: readonly string[] = [
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2f',
  '/%252e%252e%252f',
  '/..;/admin',
  '/a/%c0%af../b',
  '/a%00.png',
  '/%e0%80%ae',
  '//evil.example/a',
  '/\\evil.example',
  '/a?x=1#y',
  '/a?Action=GetCallerIdentity&Action=DeleteUser',
  '/a?Action=GetCallerIdentity&%41ction=DeleteUser',
  '/a?a=1;b=2',
  '/a?a+b=c',
  '/a?=&=',
  '/?%',
  '/%F0%9F%98%80?%F0%9F%98%80',
  'http://gate.example@evil.example/',
  '*',
]

const parts = fc.constantFrom(
  ...'/.%?&=+;#\\ \t\r\n\0'.split(''),
  '%2e',
  '%2F',
  '%25',
  '%00',
  '%ff',
  '%C3%A4',
  'a',
  'Action',
  'ä',
  '\ud800',
  'http://',
)
const targets = fc.oneof(
  fc.array(parts, { maxLength: 20 }).map(all => `/${all.join('')}`),
  fc.string({ unit: ANY_CHARACTER, maxLength: 60 }),
  fc.constantFrom(...SEEDS),
)

test('targets: refused, or the same when written and read again', () => {
  fc.assert(
    fc.property(targets, fc.boolean(), (target, absoluteForm) => {
      const read = attempt(() => readTarget(target, { absoluteForm }))
      if (read === undefined) return
      assert.ok(read.rawPath.startsWith('/'))
      const again = readTarget(`${encodePath(read.segments)}?${encodeQuery(read.query)}`)
      assert.deepEqual(again.segments, read.segments)
      assert.deepEqual(again.query, read.query)
    }),
    { numRuns: 5000 },
  )
})

const names = fc.oneof(
  fc.constantFrom(
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'x-amz-date',
    'x-amz-meta-a',
    'accept',
  ),
  fc.string({ unit: ANY_CHARACTER, maxLength: 12 }),
)
const values = fc.oneof(
  fc.constantFrom('', '0', '5', '+5', 'chunked', 'close', 'gate.example', 'a, b', '\r\nx: y'),
  fc.string({ unit: ANY_CHARACTER, maxLength: 20 }),
)
const headers = fc.array(fc.tuple(names, values), { maxLength: 8 })

test('headers: refused, or every one of them found by its name', () => {
  fc.assert(
    fc.property(headers, (list: NameValue[]) => {
      const read = attempt(() => readHeaders(list))
      if (read === undefined) return
      for (const [name, value] of list) assert.ok(read.all(name).includes(value))
    }),
    { numRuns: 5000 },
  )
})

test('heads: refused, or with one host and at most one length', () => {
  fc.assert(
    fc.property(fc.constantFrom('GET', 'PUT', 'get', 'TRACE'), targets, headers, (method, target, list) => {
      const read = attempt(() =>
        readRequest({ method, target, headers: [['host', 'gate.example'], ...list] }),
      )
      if (read === undefined) return
      assert.equal(read.headers.all('host').length, 1)
      assert.ok(!(read.headers.has('content-length') && read.headers.has('transfer-encoding')))
    }),
    { numRuns: 5000 },
  )
})

test('forms: refused, or pairs with names', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
    fc.array(parts, { maxLength: 20 }).map(all => Buffer.from(all.join(''))),
  )
  fc.assert(
    fc.property(bodies, body => {
      for (const [name] of attempt(() => readForm(body)) ?? []) assert.notEqual(name, '')
    }),
    { numRuns: 5000 },
  )
})

test('long hostile input takes no longer than its length asks for', () => {
  const long = 16_000
  const hostile = ['/', '/.', '/%2e', '%', 'a&', '=', '/..', ';', '%25'].map(unit =>
    `/${unit.repeat(long)}`.slice(0, long),
  )
  for (const target of hostile) attempt(() => readTarget(target))
  for (const unit of hostile) attempt(() => readTarget(`/?${unit}`))
  for (const value of [' ', '\t', ' \t', 'a ', ',']) {
    attempt(() => readHeaders([['x-amz-acl', value.repeat(long).slice(0, long)]]))
    attempt(() =>
      readRequest({
        method: 'GET',
        target: '/',
        headers: [
          ['host', 'h'],
          ['connection', value.repeat(long)],
        ],
      }),
    )
  }
})
