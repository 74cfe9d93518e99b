import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkHost } from './host.ts'

const NAMES = ['gate.corp.example']

test('names of the gate, addresses and this machine are taken, with and without a port', () => {
  for (const host of ['gate.corp.example', '127.0.0.1', 'localhost', '10.1.2.3', '[::1]', '[2001:db8::1]']) {
    checkHost(host, NAMES)
    checkHost(`${host}:8443`, NAMES)
    checkHost(host.toUpperCase(), NAMES)
  }
})

test('any other name is refused, however it looks', () => {
  const others = [
    undefined,
    '',
    'attacker.example',
    'gate.corp.example.attacker.example',
    'attacker.example:80#gate.corp.example',
    'gate.corp.example.',
    'gate.corp.example@attacker.example',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    '127.0.0.1:80:80',
    'localhost:',
    'localhost:x',
    '[::1',
    '::1',
    '[::1]x',
    '[attacker.example]',
    '[127.0.0.1]',
    'localhost, attacker.example',
    '0x7f000001',
    '2130706433',
  ]
  for (const host of others) {
    assert.throws(() => checkHost(host, NAMES), { code: 'api-host-refused' }, String(host))
  }
})

test('no name that somebody could register passes without being configured', () => {
  fc.assert(fc.property(fc.domain(), name => assert.throws(() => checkHost(name, NAMES))))
})
