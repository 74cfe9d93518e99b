import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { nearest } from '../core/nearest.ts'
import { quote } from './problem.ts'
import {
  domain,
  isLoopback,
  parseAddress,
  parseDuration,
  parseHttpUrl,
  parseRoleArn,
  parseSize,
} from './scalars.ts'
import { readSource } from './source.ts'

test('a written duration or size is read back', () => {
  fc.assert(
    fc.property(fc.nat({ max: 99_999 }), count => {
      assert.equal(parseDuration(`${count}m`), count * 60_000)
      assert.equal(parseSize(`${count}KiB`), count * 1024)
    }),
  )
})

test('anything but a number with a known unit is refused', () => {
  for (const wrong of ['', '1', 'h', '1 h', '-1h', '1.5h', '1H', '1hour', '1constructor', 5, null, '1e3s']) {
    assert.equal(parseDuration(wrong), undefined, String(wrong))
    assert.equal(parseSize(wrong), undefined, String(wrong))
  }
})

test('addresses: every host and port is read back, IPv6 in brackets alone', () => {
  const host = fc.oneof(fc.ipV4(), fc.constant('gate.example'), fc.ipV6())
  fc.assert(
    fc.property(host, fc.nat({ max: 65_535 }), (host, port) => {
      const written = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      assert.deepEqual(parseAddress(written), { host, port })
      if (host.includes(':')) assert.equal(parseAddress(`${host}:${port}`), undefined)
    }),
  )
  for (const wrong of ['', ':80', '127.0.0.1', 'a:65536', 'a b:1', '[::1', '[gate]:1', 'a:+1']) {
    assert.equal(parseAddress(wrong), undefined, wrong)
  }
})

test('loopback is 127/8, ::1 and localhost, and no name that looks like it', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.equal(isLoopback(host), true)
  for (const host of ['0.0.0.0', '::', '127.0.0.1.example', 'localhost.example', '128.0.0.1']) {
    assert.equal(isLoopback(host), false, host)
  }
})

test('role ARNs and URLs', () => {
  assert.deepEqual(parseRoleArn('arn:aws-cn:iam::111122223333:role/a/b'), {
    partition: 'aws-cn',
    account: '111122223333',
    name: 'a/b',
  })
  assert.equal(parseRoleArn('arn:aws:iam::1:role/x'), undefined)
  assert.equal(parseHttpUrl('https://a.example/prefix'), 'https://a.example/prefix')
  for (const wrong of ['a.example', 'https://u:p@a', 'https://a?x=1', 'https://a#x', 'file:///etc']) {
    assert.equal(parseHttpUrl(wrong), undefined, wrong)
  }
  assert.equal(domain.safeParse('aws.gate.example').success, true)
  assert.equal(domain.safeParse('*.gate.example').success, false)
})

test('the nearest name is a name that is given, or none', () => {
  assert.equal(nearest('polices', ['policies', 'trust']), 'policies')
  assert.equal(nearest('zzzzzz', ['policies', 'trust']), undefined)
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (word, names) => {
      const found = nearest(word, names)
      assert.ok(found === undefined || names.includes(found))
    }),
  )
})

test('no text crashes the reader, and an excerpt keeps its place', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), text => {
      const source = readSource('x', text)
      assert.ok(source.value !== undefined || source.problems.length >= 0)
      assert.ok(source.at(['a', 0]).line >= 1)
    }),
  )
  const excerpt = readSource('x', 'a: 1\nb:\n  c: {d: 5}\n').excerpt(['b']) ?? ''
  assert.equal(excerpt.trimEnd(), '\n\n  c: {d: 5}')
})

test('what is quoted is one short line in one pair of backticks', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: ANY_CHARACTER }), text => {
      assert.match(quote(text), /^`[^`\u0000-\u001f]{0,100}`$/u)
    }),
  )
})
