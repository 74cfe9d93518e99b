import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import type { NameValue } from '../../src/core/http.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { readRequest } from '../../src/wire/http/reader.ts'
import { deriveSigningKey } from '../../src/wire/sigv4/keys.ts'
import { readSignature } from '../../src/wire/sigv4/reader.ts'
import { verifySignature } from '../../src/wire/sigv4/verify.ts'

const secret = new Redacted('a secret')

/** Reads and verifies. Nothing here was signed with the secret, so nothing may pass. */
function mustBeRefused(target: string, headers: readonly NameValue[]): void {
  try {
    const request = readRequest({ method: 'GET', target, headers: [['host', 'gate.example'], ...headers] })
    const signed = readSignature(request)
    verifySignature(signed, request, deriveSigningKey(secret, signed.scope), 'a'.repeat(64))
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.notEqual(error.code, 'internal')
    return
  }
  assert.fail('a request that nobody signed was taken')
}

const HEX = 'a'.repeat(64)
const words = fc.constantFrom(
  'AWS4-HMAC-SHA256 ',
  'AWS4-ECDSA-P256-SHA256 ',
  'AWS ',
  'Bearer ',
  'Credential=',
  'SignedHeaders=',
  'Signature=',
  'AKID/20260309/eu-west-1/s3/aws4_request',
  '/',
  'host;x-amz-date',
  'host',
  ';',
  ', ',
  ',',
  '=',
  HEX,
  '\u00e9',
)
const authorization = fc.oneof(
  fc.array(words, { maxLength: 12 }).map(all => all.join('')),
  fc
    .shuffledSubarray(
      [
        'Credential=AKID/20260309/eu-west-1/s3/aws4_request',
        'SignedHeaders=host;x-amz-date',
        `Signature=${HEX}`,
        'SignedHeaders=host',
        'x=y',
      ],
      { minLength: 2 },
    )
    .map(all => `AWS4-HMAC-SHA256 ${all.join(', ')}`),
)
const dates = fc.constantFrom(
  '20260309T170503Z',
  '20260309T999999Z',
  '',
  'Mon, 09 Mar 2026 17:05:03 GMT',
  '0',
)
const payloads = fc.constantFrom(
  HEX,
  '',
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
)

test('header signatures that nobody made are refused, by an error of the client', () => {
  fc.assert(
    fc.property(authorization, dates, fc.option(payloads), (value, date, payload) => {
      const headers: NameValue[] = [
        ['authorization', value],
        ['x-amz-date', date],
      ]
      if (payload !== null) headers.push(['x-amz-content-sha256', payload])
      mustBeRefused('/', headers)
    }),
    { numRuns: 5000 },
  )
})

const parameters = fc.constantFrom(
  'X-Amz-Algorithm=AWS4-HMAC-SHA256',
  'X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256',
  'X-Amz-Credential=AKID%2F20260309%2Feu-west-1%2Fs3%2Faws4_request',
  'X-Amz-Date=20260309T170503Z',
  'X-Amz-Expires=60',
  'X-Amz-SignedHeaders=host',
  `X-Amz-Signature=${HEX}`,
  `x-amz-signature=${HEX}`,
  'X-Amz-Security-Token=t',
  'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD',
  'AWSAccessKeyId=AKID',
  'Signature=x',
  'acl',
  '%58-Amz-Date=20260309T170503Z',
)

test('presigned URLs that nobody made are refused, by an error of the client', () => {
  const whole = parameters.map(one => [one])
  const good = [0, 2, 3, 4, 5, 6]
  const almost = fc.tuple(fc.shuffledSubarray(good, { minLength: 5 }), parameters).map(([kept, extra]) => {
    const all = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      '',
      'X-Amz-Credential=AKID%2F20260309%2Feu-west-1%2Fs3%2Faws4_request',
      'X-Amz-Date=20260309T170503Z',
      'X-Amz-Expires=60',
      'X-Amz-SignedHeaders=host',
      `X-Amz-Signature=${HEX}`,
    ]
    return [...kept.map(at => all[at] ?? ''), extra]
  })
  fc.assert(
    fc.property(fc.oneof(whole, fc.array(parameters, { maxLength: 10 }), almost), list => {
      mustBeRefused(`/key?${list.join('&')}`, [])
    }),
    { numRuns: 5000 },
  )
})
