import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { Redacted } from '../../core/redacted.ts'
import type { ChecksumAlgorithm } from '../checksum/checksum.ts'
import { readRequest } from '../http/reader.ts'
import { ChunkReader } from './chunk-reader.ts'
import { SigningKeys } from './keys.ts'
import type { SignedRequest } from './messages.ts'
import { readSignature } from './reader.ts'
import { sign } from './sign.ts'
import { checkTimes, parseTimestamp } from './time.ts'
import { verifySignature } from './verify.ts'

interface Case {
  readonly method: string
  readonly target: string
  readonly headers: readonly NameValue[]
  readonly service: string
  readonly body: string
  readonly form: 'header' | 'presigned'
}

interface Vectors {
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly time: string
  readonly cases: readonly Case[]
}

const file = new URL('../../../vectors/sigv4/botocore.json', import.meta.url)
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'))
const secret = new Redacted(vectors.secretAccessKey)
const keys = new SigningKeys()

function verify(vector: Case): SignedRequest {
  const request = readRequest(vector)
  const signed = readSignature(request)
  // The access key id is covered by the secret that it leads to: another one leads to another.
  if (signed.accessKeyId !== 'ASIAEXAMPLE') throw new GateError('credentials-not-gate', 'no such key')
  const key = keys.get(signed.accessKeyId, secret, signed.scope)
  verifySignature(signed, request, key, hash('sha256', Buffer.from(vector.body)))
  return signed
}

test('every request that botocore signed verifies', () => {
  const clock = new ManualClock(parseTimestamp(vectors.time))
  assert.ok(vectors.cases.length > 200)
  for (const vector of vectors.cases) {
    const signed = verify(vector)
    assert.equal(signed.form, vector.form)
    assert.equal(signed.scope.service, vector.service)
    assert.ok(signed.sessionToken === undefined || signed.sessionToken === vectors.sessionToken)
    if (signed.payload.kind === 'sha256') {
      assert.equal(signed.payload.hex, hash('sha256', Buffer.from(vector.body)))
    }
    checkTimes(signed, clock)
  }
})

test('the same requests, signed here, have the signatures that botocore made', () => {
  for (const vector of vectors.cases) {
    if (vector.form === 'presigned') continue
    const signed = verify(vector)
    const added = ['host', 'authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']
    const mark = vector.target.indexOf('?')
    const made = sign(
      {
        method: vector.method,
        path: mark === -1 ? vector.target : vector.target.slice(0, mark),
        query: mark === -1 ? '' : vector.target.slice(mark + 1),
        host: vector.headers.find(([name]) => name === 'host')?.[1] ?? '',
        headers: vector.headers.filter(
          ([name]) => signed.signedHeaders.includes(name) && !added.includes(name),
        ),
        region: signed.scope.region,
        service: vector.service,
        credentials: {
          accessKeyId: signed.accessKeyId,
          secretAccessKey: secret,
          ...(signed.sessionToken === undefined ? {} : { sessionToken: new Redacted(signed.sessionToken) }),
        },
        timeMs: signed.timeMs,
        payloadHash: hash('sha256', Buffer.from(vector.body)),
      },
      keys,
    )
    assert.equal(made.signature, signed.signature, vector.target)
  }
})

test('a change of any character of target or signed headers is refused', () => {
  for (const vector of vectors.cases.filter((_, at) => at % 10 === 0)) {
    const { signedHeaders } = verify(vector)
    const changed: Case[] = [{ ...vector, method: vector.method === 'GET' ? 'PUT' : 'GET' }]
    for (let at = 0; at < vector.target.length; at += 3) {
      changed.push({ ...vector, target: altered(vector.target, at) })
    }
    for (const [index, [name, value]] of vector.headers.entries()) {
      if (!signedHeaders.includes(name) && name !== 'authorization') continue
      for (let at = 0; at < value.length; at += 7) {
        changed.push({ ...vector, headers: vector.headers.with(index, [name, altered(value, at)]) })
      }
      changed.push({ ...vector, headers: vector.headers.toSpliced(index, 1) })
      changed.push({ ...vector, headers: [...vector.headers, [name, value]] })
    }
    changed.push({ ...vector, headers: [...vector.headers, ['x-amz-added', 'x']] })
    for (const attack of changed) assert.throws(() => verify(attack), GateError, JSON.stringify(attack))
  }
})

/** With another character in one place; spaces around values and their number mean nothing, so not those. */
function altered(text: string, at: number): string {
  const next = text[at] === 'q' ? 'z' : 'q'
  return text.slice(0, at) + next + text.slice(at + 1)
}

interface ChunkedCase {
  readonly algorithm: ChecksumAlgorithm
  readonly decodedLength: number
  readonly body: string
  readonly encoded: string
}

const chunkedFile = new URL('../../../vectors/sigv4/botocore-chunked.json', import.meta.url)
const chunked: { readonly cases: readonly ChunkedCase[] } = JSON.parse(readFileSync(chunkedFile, 'utf8'))

test('chunked bodies that botocore made are decoded, and their checksums verified', () => {
  assert.ok(chunked.cases.length > 0)
  for (const { algorithm, decodedLength, body, encoded } of chunked.cases) {
    const reader = new ChunkReader(
      { kind: 'streaming', variant: 'unsigned-trailer', decodedLength, trailer: algorithm },
      undefined,
    )
    const decoded = Buffer.concat([...reader.push(Buffer.from(encoded, 'base64')), ...reader.finish()])
    assert.equal(decoded.toString('base64'), body, algorithm)
  }
})
