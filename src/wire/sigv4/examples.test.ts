import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { Redacted } from '../../core/redacted.ts'
import { readRequest } from '../http/reader.ts'
import { SigningKeys } from './keys.ts'
import { UNSIGNED_PAYLOAD } from './messages.ts'
import { readSignature } from './reader.ts'
import { presign, type SignInput, sign } from './sign.ts'
import { checkTimes, parseTimestamp } from './time.ts'
import { verifySignature } from './verify.ts'

interface Example {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly [string, string][]
  readonly payloadHash: string
  readonly signature: string
}

interface Examples {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
  readonly time: string
  readonly host: string
  readonly requests: readonly Example[]
  readonly presigned: { method: string; path: string; expiresSeconds: number; signature: string }
}

const file = new URL('../../../vectors/sigv4/aws-examples.json', import.meta.url)
const examples: Examples = JSON.parse(readFileSync(file, 'utf8'))
const timeMs = parseTimestamp(examples.time)
const secretAccessKey = new Redacted(examples.secretAccessKey)

function input(example: Pick<Example, 'method' | 'path'> & Partial<Example>): SignInput {
  return {
    method: example.method,
    path: example.path,
    query: example.query ?? '',
    host: examples.host,
    headers: example.headers ?? [],
    region: examples.region,
    service: examples.service,
    credentials: { accessKeyId: examples.accessKeyId, secretAccessKey },
    timeMs,
    payloadHash: example.payloadHash ?? UNSIGNED_PAYLOAD,
  }
}

for (const example of examples.requests) {
  test(`the example of AWS: ${example.name}`, () => {
    const keys = new SigningKeys()
    const made = sign(input(example), keys)
    assert.equal(made.signature, example.signature)

    const request = readRequest({
      method: example.method,
      target: example.path + (example.query === '' ? '' : `?${example.query}`),
      headers: [['host', examples.host], ...example.headers, ...made.headers],
    })
    const signed = readSignature(request)
    assert.equal(signed.signature, example.signature)
    assert.deepEqual(signed.payload, { kind: 'sha256', hex: example.payloadHash })
    verifySignature(signed, request, made.key)
    checkTimes(signed, new ManualClock(timeMs + 299_000))
  })
}

test('the example of AWS: a presigned URL', () => {
  const keys = new SigningKeys()
  const example = examples.presigned
  const query = presign(input(example), example.expiresSeconds, keys)
  assert.match(query, new RegExp(`&X-Amz-Signature=${example.signature}$`))

  const request = readRequest({
    method: example.method,
    target: `${example.path}?${query}`,
    headers: [['host', examples.host]],
  })
  const signed = readSignature(request)
  assert.equal(signed.form, 'presigned')
  assert.deepEqual(signed.payload, { kind: 'unsigned' })
  verifySignature(signed, request, keys.get(signed.accessKeyId, secretAccessKey, signed.scope))
  checkTimes(signed, new ManualClock(timeMs + example.expiresSeconds * 1000))
})
