import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDate } from './date.ts'
import { compareDecimals, parseDecimal } from './decimal.ts'
import { contains, parseNetwork } from './network.ts'

test('decimals compare exactly, beyond 2^53 too', () => {
  const compare = (a: string, b: string): number => compareDecimals(parseDecimal(a)!, parseDecimal(b)!)
  assert.equal(compare('9007199254740993', '9007199254740992'), 1)
  assert.equal(compare('1.50', '1.5'), 0)
  assert.equal(compare('-0.1', '0'), -1)
  assert.equal(compare('1e+21', '1000000000000000000000'), 0)
  assert.equal(compare('1.5e-3', '0.0015'), 0)
  assert.equal(compare('2.25e1', '22.5'), 0)
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 70n), 2n ** 70n), fc.bigInt(-(2n ** 70n), 2n ** 70n), (a, b) => {
      assert.equal(compare(`${a}`, `${b}`), a < b ? -1 : a > b ? 1 : 0)
    }),
  )
})

test('what is no decimal number', () => {
  for (const text of ['', '-', '1.', '.5', '1e', '1e1000', '0x10', ' 1', '1,5', 'NaN', '9'.repeat(65)]) {
    assert.equal(parseDecimal(text), undefined, text)
  }
})

test('dates of the W3C note and epoch seconds', () => {
  const cases: [string, string][] = [
    ['2026', '2026-01-01T00:00:00.000Z'],
    ['2026-11', '2026-11-01T00:00:00.000Z'],
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T10:00Z', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23T10:00:05+01:30', '2026-11-23T08:30:05.000Z'],
    ['2026-11-23t10:00:05.25z', '2026-11-23T10:00:05.250Z'],
    ['1795428000', '2026-11-23T10:00:00.000Z'],
  ]
  for (const [text, iso] of cases)
    assert.equal(new Date(parseDate(text) ?? Number.NaN).toISOString(), iso, text)
})

test('what is no date', () => {
  for (const text of ['', 'now', '2026-13', '2026-02-30', '2026-11-23T10:00', '2026-11T10:00Z', '2026-1-1']) {
    assert.equal(parseDate(text), undefined, text)
  }
})

test('every instant survives its ISO form', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), date => {
      assert.equal(parseDate(date.toISOString()), date.getTime())
    }),
  )
})

test('networks of both families', () => {
  const inside = (address: string, network: string): boolean =>
    contains(parseNetwork(network)!, parseNetwork(address)!)
  assert.ok(inside('203.0.113.9', '203.0.113.0/24'))
  assert.ok(inside('203.0.113.9', '203.0.113.77/24'), 'host bits of the network do not count')
  assert.ok(!inside('203.0.114.1', '203.0.113.0/24'))
  assert.ok(inside('203.0.113.9', '0.0.0.0/0'))
  assert.ok(inside('::ffff:203.0.113.9', '203.0.113.0/25'))
  assert.ok(!inside('203.0.113.9', '::/0'))
  assert.ok(inside('2001:db8::1', '2001:db8::/33'))
  assert.ok(!inside('2001:db8:8000::1', '2001:db8::/33'))
  assert.ok(inside('10.0.0.7', '10.0.0.7'))
  assert.ok(!inside('10.0.0.6', '10.0.0.7'))
})

test('what is no network', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    'fe80::1%eth0',
    '::/129',
    '01.2.3.4',
    '*',
  ]) {
    assert.equal(parseNetwork(text), undefined, text)
  }
})
