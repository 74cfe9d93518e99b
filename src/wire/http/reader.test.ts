import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { readForm } from './form.ts'
import { type HttpHeaders, readHeaders } from './headers.ts'
import { HTTP_LIMITS } from './limits.ts'
import type { HttpTarget, PathTrick } from './messages.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { readLength, readRequest } from './reader.ts'
import { duplicateName, readQuery, readTarget, requirePlainPath } from './target.ts'
import { encodePath, encodePathSegment, encodeQuery, encodeSortedQuery, writeForm } from './writer.ts'

function refuses(code: ErrorCode, run: () => unknown, message?: string): void {
  assert.throws(
    run,
    (error: unknown) => error instanceof GateError && error.code === code,
    message ?? `should be ${code}`,
  )
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(value => !value.includes('\0'))

test('a target is split and decoded once', () => {
  const target = readTarget('/a%20b//c%2Fd/%252e?x=1%262&flag&y=a=b')
  assert.deepEqual(target.segments, ['a b', '', 'c/d', '%2e'])
  assert.deepEqual(target.query, [
    ['x', '1&2'],
    ['flag', ''],
    ['y', 'a=b'],
  ])
  assert.equal(target.rawPath, '/a%20b//c%2Fd/%252e')
  assert.equal(target.rawQuery, 'x=1%262&flag&y=a=b')
  assert.deepEqual(readTarget('/').segments, [''])
  assert.deepEqual(readTarget('/?').query, [])
})

test('targets that parsers read in several ways are refused', () => {
  const bad = [
    '',
    'a',
    '*',
    'http://gate.example/a',
    'gate.example:443',
    '/a#b',
    '/a b',
    '/a\\b',
    '/a\tb',
    '/a\0b',
    '/a\r\nb',
    '/ä',
    '/a|b',
    '/a"b',
    '/%',
    '/%4',
    '/%zz',
    '/%u0041',
    '/%00',
    '/a%00b',
    '/%ff',
    '/%c0%ae',
    '/%ed%a0%80',
    '/?a=%',
    '/?%ff=1',
    '/?=1',
    '/?a&&b',
    '/?a&',
    '/?a%0a=1',
  ]
  for (const target of bad) refuses('http-malformed', () => readTarget(target), JSON.stringify(target))
  for (const target of ['/?a=b+c', '/?a;b']) refuses('http-ambiguous', () => readTarget(target), target)
})

test('the absolute form is taken only where the caller says so', () => {
  const read = (target: string): HttpTarget => readTarget(target, { absoluteForm: true })
  assert.equal(read('http://s3.amazonaws.com/a?b').authority, 's3.amazonaws.com')
  assert.equal(read('https://s3.amazonaws.com:443').rawPath, '/')
  assert.equal(read('/a').authority, undefined)
  for (const bad of ['http:///a', 'http://user@host/a', 'ftp://host/a', 'http://a b/', 'HTTP://host?x']) {
    refuses('http-malformed', () => read(bad), bad)
  }
})

test('tricks in paths are found, and refused unless taken', () => {
  const tricks: readonly (readonly [string, PathTrick])[] = [
    ['/a/../b', 'dot-segment'],
    ['/.', 'dot-segment'],
    ['/%2e%2E/a', 'dot-segment'],
    ['/a%2e', 'encoded-plain'],
    ['/%41', 'encoded-plain'],
    ['/%7e', 'encoded-plain'],
    ['//a', 'empty-segment'],
    ['/a//', 'empty-segment'],
    ['/a%2fb', 'encoded-slash'],
    ['/a%252fb', 'double-encoded'],
    ['/a;b', 'semicolon'],
    ['/a%5Cb', 'backslash'],
    ['/a%0Ab', 'control'],
    ['/a%C2%85b', 'control'],
  ]
  for (const [path, trick] of tricks) {
    const target = readTarget(path)
    assert.ok(target.tricks.has(trick), `${path} has ${trick}`)
    refuses('http-path-refused', () => requirePlainPath(target), path)
    requirePlainPath(target, [...target.tricks])
  }
  for (const path of ['/', '/a/', '/a.b/~c-d_e', '/a%20b', '/100%25', '/%C3%A4', '/a:b@c,d', '/...']) {
    requirePlainPath(readTarget(path))
  }
  requirePlainPath(readTarget('/tags/arn%3Aaws%3Alambda%3A%3Af%2Fg'), ['encoded-slash'])
})

test('paths and queries that are written are read again as they were', () => {
  const pairs = fc.array(
    fc.tuple(
      text.filter(name => name !== '' && !/\p{Cc}/u.test(name)),
      text,
    ),
    { maxLength: 5 },
  )
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), pairs, (segments, query) => {
      const target = readTarget(`${encodePath(segments)}?${encodeQuery(query)}`)
      assert.deepEqual(target.segments, segments)
      assert.deepEqual(target.query, query)
      assert.equal(target.tricks.has('encoded-plain'), false)
      assert.deepEqual(readForm(writeForm(query)), query)
    }),
  )
})

test('percent-encoding is that of RFC 3986, and decodes to what it was', () => {
  assert.equal(percentEncode("a-b.c_d~e!'()*/ +ä"), 'a-b.c_d~e%21%27%28%29%2A%2F%20%2B%C3%A4')
  assert.equal(encodePathSegment('a/b'), 'a%2Fb')
  refuses('http-malformed', () => percentEncode('\ud800'))
  fc.assert(fc.property(text, value => percentDecode(percentEncode(value), 'the value') === value))
})

test('a sorted query is in the order of encoded names, then of encoded values', () => {
  const pairs: NameValue[] = [
    ['b', '1'],
    ['a', 'z'],
    ['a', 'A'],
    ['ä', ''],
    ['B', '2'],
  ]
  assert.equal(encodeSortedQuery(pairs), '%C3%A4=&B=2&a=A&a=z&b=1')
})

test('duplicates are found whatever their case', () => {
  assert.equal(duplicateName(readQuery('a=1&b=2')), undefined)
  assert.equal(duplicateName(readQuery('a=1&a=1')), 'a')
  assert.equal(duplicateName(readQuery('versionId=1&versionid=2')), 'versionid')
  assert.equal(duplicateName(readQuery('Action=1&%41ction=2')), 'Action')
})

test('forms: a plus is a space, and everything else must be encoded', () => {
  assert.deepEqual(readForm(Buffer.from('Action=A+b%2B&Empty=')), [
    ['Action', 'A b+'],
    ['Empty', ''],
  ])
  assert.deepEqual(readForm(Buffer.alloc(0)), [])
  for (const bad of ['a=b c', 'a=ä', 'a=b\n', 'a=%', 'a=%ff', '=x', 'a&&b', 'a=1&']) {
    refuses('http-malformed', () => readForm(Buffer.from(bad)), bad)
  }
})

test('limits: each with its own error', () => {
  const limits = {
    ...HTTP_LIMITS,
    targetBytes: 20,
    queryParameters: 2,
    headers: 2,
    headerBytes: 30,
    formBytes: 9,
  }
  refuses('http-target-too-long', () => readTarget(`/${'a'.repeat(20)}`, {}, limits))
  refuses('http-too-many-parameters', () => readTarget('/?a&b&c', {}, limits))
  refuses('http-headers-too-large', () => readHeaders([pair('a'), pair('b'), pair('c')], limits))
  refuses('http-headers-too-large', () => readHeaders([pair('a'), ['b', 'x'.repeat(30)]], limits))
  refuses('http-form-too-large', () => readForm(Buffer.from('a=12345678'), limits))
  refuses('http-too-many-parameters', () => readForm(Buffer.from('a&b&c'), { ...limits, formParameters: 2 }))
})

function pair(name: string): NameValue {
  return [name, 'x']
}

test('headers are looked up by name; only lists may repeat', () => {
  const headers: HttpHeaders = readHeaders([
    ['host', 'a'],
    ['x-amz-object-attributes', 'ETag'],
    ['x-amz-object-attributes', 'ObjectSize'],
  ])
  assert.equal(headers.single('host'), 'a')
  assert.equal(headers.single('missing'), undefined)
  assert.deepEqual(headers.all('x-amz-object-attributes'), ['ETag', 'ObjectSize'])
  assert.deepEqual(headers.all('missing'), [])
  assert.deepEqual([...headers.names()], ['host', 'x-amz-object-attributes'])
  refuses('http-ambiguous', () => headers.single('x-amz-object-attributes'))
  for (const name of ['host', 'x-amz-date', 'authorization', 'content-length', 'x-amz-meta-a', 'anything']) {
    refuses('http-ambiguous', () => readHeaders([pair(name), pair(name)]), name)
  }
})

test('names and values of headers are strict', () => {
  const names = [
    '',
    'x_amz_date',
    'x-amz-date ',
    ' host',
    'Host',
    'x-amz-daté',
    ':authority',
    'a b',
    'a.b',
    'x-amz-meta-',
  ]
  for (const name of names) refuses('http-malformed', () => readHeaders([pair(name)]), name)
  for (const value of ['a\r\n b', 'a\nb', 'a\0b', 'a\u007f', 'é', '\u0100']) {
    refuses('http-malformed', () => readHeaders([['x-amz-acl', value]]), JSON.stringify(value))
  }
  readHeaders([
    ['x-amz-meta-a_b.c', 'caf\u00c3\u00a9'],
    ['content-disposition', 'attachment; filename=\u00e9'],
    ['x-amz-acl', 'a\tb'],
  ])
  refuses('http-malformed', () => readHeaders([['x-amz-meta-a', '\u0100']]))
})

test('the length of a body is stated once, plainly', () => {
  const read = (...headers: NameValue[]) =>
    readRequest({ method: 'PUT', target: '/', headers: [pair('host'), ...headers] })
  assert.equal(read(['content-length', '5']).contentLength, 5)
  assert.equal(read(['transfer-encoding', 'chunked']).contentLength, undefined)
  refuses('http-ambiguous', () => read(['content-length', '5'], ['transfer-encoding', 'chunked']))
  for (const coding of ['gzip, chunked', 'Chunked', 'chunked ', 'xchunked', 'identity', '']) {
    refuses('http-ambiguous', () => read(['transfer-encoding', coding]), coding)
  }
  for (const length of ['', '+5', '-5', '05', '5, 5', '0x5', '5 ', '1e3', '5.0', '99999999999999999']) {
    refuses('http-malformed', () => read(['content-length', length]), length)
  }
  refuses('http-ambiguous', () => read(['content-length', '5'], ['content-length', '5']))
  refuses('http-malformed', () => readLength('x', '9999999999999999'))
})

test('method, host and connection are strict', () => {
  const read = (method: string, ...headers: NameValue[]) => readRequest({ method, target: '/', headers })
  for (const method of ['get', 'TRACE', 'CONNECT', 'G ET', '']) {
    refuses('http-malformed', () => read(method, pair('host')), method)
  }
  for (const host of [
    '',
    'a b',
    'a/b',
    'user@host',
    'a,b',
    'a:b',
    'a:1:2',
    '[::1',
    'a\tb',
    'a:123456',
    'h?x',
    'h#x',
  ]) {
    refuses('http-malformed', () => read('GET', ['host', host]), host)
  }
  refuses('http-malformed', () => read('GET'))
  for (const host of ['127.0.0.1:8080', '[::1]:8080', 'my_bucket.gate.example', 'gate.example']) {
    assert.equal(read('GET', ['host', host]).headers.single('host'), host)
  }
  refuses('http-ambiguous', () => read('GET', pair('host'), ['connection', 'close, x-amz-date']))
  read('GET', pair('host'), ['connection', 'Keep-Alive, Upgrade, HTTP2-Settings'])
})
