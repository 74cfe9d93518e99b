import assert from 'node:assert/strict'
import test from 'node:test'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { BackendReader } from './reader.ts'
import { complaintFields, writeBackend, writeFrontend, writeStartup } from './writer.ts'

const ascii = (bytes: Buffer): string => bytes.toString('latin1')

// Written by hand of the specification.
test('messages are as the specification draws them', () => {
  assert.equal(ascii(writeFrontend({ kind: 'query', sql: 'x' })), 'Q\0\0\0\x06x\0')
  assert.equal(
    ascii(writeFrontend({ kind: 'parse', statement: 's', sql: 'q', types: [23] })),
    'P\0\0\0\x0es\0q\0\0\x01\0\0\0\x17',
  )
  const bind = {
    portal: 'p',
    statement: 's',
    formats: [1],
    parameters: [Buffer.from('v'), null],
    resultFormats: [0],
  } as const
  assert.equal(
    ascii(writeFrontend({ kind: 'bind', ...bind })),
    'B\0\0\0\x1bp\0s\0\0\x01\0\x01\0\x02\0\0\0\x01v\xff\xff\xff\xff\0\x01\0\0',
  )
  assert.equal(ascii(writeFrontend({ kind: 'execute', portal: '', maxRows: 5 })), 'E\0\0\0\x09\0\0\0\0\x05')
  assert.equal(ascii(writeFrontend({ kind: 'close', handle: 'P', name: 'c' })), 'C\0\0\0\x07Pc\0')
  assert.equal(
    ascii(writeStartup({ kind: 'startup', version: { major: 3, minor: 2 }, parameters: [['user', 'a']] })),
    '\0\0\0\x10\0\x03\0\x02user\0a\0\0',
  )
  assert.equal(ascii(writeStartup({ kind: 'ssl-request' })), '\0\0\0\x08\x04\xd2\x16\x2f')
  const key = { processId: 1, secret: new Redacted(Buffer.from('abcd')) }
  assert.equal(ascii(writeStartup({ kind: 'cancel', key })), '\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01abcd')
  assert.equal(ascii(writeBackend({ kind: 'ready', state: 'T' })), 'Z\0\0\0\x05T')
  assert.equal(
    ascii(writeBackend({ kind: 'authentication', method: 'sasl', mechanisms: ['SCRAM-SHA-256'] })),
    'R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0',
  )
})

test('text that has no form on the wire is never cut off silently', () => {
  for (const sql of ['a\0b', 'a\ud800']) {
    assert.throws(
      () => writeFrontend({ kind: 'query', sql }),
      (error: unknown) => error instanceof GateError && error.code === 'internal',
    )
  }
  const types = Array.from({ length: 65_536 }, () => 0)
  assert.throws(() => writeFrontend({ kind: 'parse', statement: '', sql: '', types }), /count of more/)
})

test('an error of the gate is written whatever it quotes', () => {
  const fields = complaintFields({
    severity: 'ERROR',
    sqlstate: '42501',
    message: 'no \0 and \ud800',
    hint: 'ask',
  })
  const reader = new BackendReader()
  reader.push(writeBackend({ kind: 'error', fields }))
  assert.deepEqual(reader.read(reader.next()!), {
    kind: 'error',
    fields: [
      ['S', 'ERROR'],
      ['V', 'ERROR'],
      ['C', '42501'],
      ['M', 'no \ufffd and \ufffd'],
      ['H', 'ask'],
    ],
  })
})
