import assert from 'node:assert/strict'
import test from 'node:test'
import 'reflect-metadata'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { readCertificate } from '../../src/identity/databases/certificate.ts'
import { DerError, readValues } from '../../src/identity/databases/der.ts'
import { readDatabaseToken } from '../../src/identity/databases/token.ts'
import { makeDatabaseToken } from '../../src/wire/sigv4/database-token.ts'
import { SigningKeys } from '../../src/wire/sigv4/keys.ts'
import { ANY_CHARACTER } from '../harness/any-character.ts'
import { authority, leaf } from '../harness/client-certificates.ts'

/*
 * What a client of a database proves its identity with, under any bytes: it is read, or refused with an error of its own.
 */

const RUNS = { numRuns: 5_000 }
const NOW_MS = Date.UTC(2026, 10, 23, 10)

const token = makeDatabaseToken(
  {
    ...{
      host: 'orders',
      port: 5432,
      user: 'arn:aws:iam::111122223333:role/a',
      region: 'eu-west-1',
      timeMs: NOW_MS,
    },
    credentials: {
      accessKeyId: 'ASIAAAAAAAAAAAAAAAAA',
      secretAccessKey: new Redacted('secret'),
      sessionToken: new Redacted('SPT1abc+/='),
    },
  },
  new SigningKeys(),
).reveal()

type Edit = readonly [kind: 'set' | 'cut' | 'copy', at: number, value: number]
const edits = fc.array<Edit>(fc.tuple(fc.constantFrom('set', 'cut', 'copy'), fc.nat(), fc.nat()), {
  minLength: 1,
  maxLength: 6,
})

function edited(seed: Buffer, all: readonly Edit[]): Buffer {
  let bytes = Buffer.from(seed)
  for (const [kind, at, value] of all) {
    const place = at % (bytes.length + 1)
    if (kind === 'set' && place < bytes.length) bytes[place] = value % 256
    if (kind === 'cut')
      bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + (value % 40))])
    if (kind === 'copy') bytes = Buffer.concat([bytes, bytes.subarray(place, place + (value % 200))])
  }
  return bytes
}

test('any text is a token with one meaning, or is refused', () => {
  const pieces = token.split(/(?=[&?/:%=])/)
  const texts = fc.oneof(
    edits.map(all => edited(Buffer.from(token), all).toString('latin1')),
    fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 30 })
      .map(s => s.join('')),
    fc.shuffledSubarray(pieces, { minLength: pieces.length }).map(s => s.join('')),
    fc.string({ unit: ANY_CHARACTER }),
  )
  let read = 0
  fc.assert(
    fc.property(texts, text => {
      try {
        const { host, port, user, signed, request } = readDatabaseToken(text)
        read += 1
        assert.ok(text.toLowerCase().startsWith(`${host}:${port}`))
        assert.equal(request.headers.single('host'), `${host}:${port}`)
        assert.deepEqual(signed.signedHeaders, ['host'])
        assert.equal(signed.scope.service, 'rds-db')
        assert.ok((signed.expiresMs ?? Number.NaN) <= 900_000)
        // One reading: whoever reads it as a URL finds the same.
        const query = new URLSearchParams(request.target.rawQuery)
        assert.equal(new Set(query.keys()).size, [...query.keys()].length)
        assert.equal(query.get('DBUser'), user)
        assert.equal(query.get('Action'), 'connect')
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
        assert.match(error.code, /^(database-token-malformed|signature-\w+)$/)
        for (const secret of ['SPT1abc', 'ASIAAAAA'])
          assert.ok(!error.message.includes(secret), error.message)
      }
    }),
    RUNS,
  )
  assert.ok(read > 0, 'some of them are read')
})

test('any bytes are a certificate that is read, or none', async () => {
  const ca = await authority('CN=Clients', NOW_MS)
  const { der } = await leaf(ca, NOW_MS, {
    names: [
      { type: 'url', value: 'spiffe://acme/a' },
      { type: 'dns', value: 'a.example' },
    ],
  })
  assert.deepEqual(readCertificate(der).uris, ['spiffe://acme/a'])
  const bytes = fc.oneof(
    edits.map(all => edited(der, all)),
    fc.uint8Array({ maxLength: 80 }).map(each => Buffer.from(each)),
  )
  fc.assert(
    fc.property(bytes, each => {
      for (const read of [readCertificate, readValues]) {
        try {
          read(each)
        } catch (error) {
          assert.ok(error instanceof DerError, String(error))
        }
      }
    }),
    RUNS,
  )
})

test('values of DER come back as they were written, and in no other length', () => {
  const value = fc.record({
    tag: fc.integer({ min: 0, max: 255 }).filter(tag => (tag & 0x1f) !== 0x1f),
    body: fc.uint8Array({ maxLength: 300 }).map(each => Buffer.from(each)),
  })
  const write = ({ tag, body }: { tag: number; body: Buffer }): Buffer => {
    const { length } = body
    const header = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
    return Buffer.concat([Buffer.of(tag, ...header), body])
  }
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), values => {
      const read = readValues(Buffer.concat(values.map(write)))
      assert.deepEqual(
        read.map(({ tag, body }) => [tag, body.toString('hex')]),
        values.map(({ tag, body }) => [tag, body.toString('hex')]),
      )
    }),
  )
  for (const hex of ['0481016f', '048200806f', '0480', '0485000000000100', '1f810101', '04', '0402aa']) {
    assert.throws(() => readValues(Buffer.from(hex, 'hex')), DerError, hex)
  }
})
