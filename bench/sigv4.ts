/**
 * SigV4 on one core: verifications and re-signings a second for a small JSON call and a small S3 call, and
 * what chunked bodies cost. `node bench/sigv4.ts`
 */

import { hash } from 'node:crypto'
import type { NameValue } from '../src/core/http.ts'
import { Redacted } from '../src/core/redacted.ts'
import { readRequest } from '../src/wire/http/reader.ts'
import { ChunkChain } from '../src/wire/sigv4/chunk-chain.ts'
import { ChunkReader } from '../src/wire/sigv4/chunk-reader.ts'
import { ChunkWriter } from '../src/wire/sigv4/chunk-writer.ts'
import { SigningKeys } from '../src/wire/sigv4/keys.ts'
import type { StreamingPayload } from '../src/wire/sigv4/messages.ts'
import { readSignature } from '../src/wire/sigv4/reader.ts'
import { type SignInput, sign } from '../src/wire/sigv4/sign.ts'
import { verifySignature } from '../src/wire/sigv4/verify.ts'

const ROUNDS = 5
const PER_ROUND_MS = 300

const keys = new SigningKeys()
const secretAccessKey = new Redacted('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
const sessionToken = new Redacted('x'.repeat(700))
const body = Buffer.from(JSON.stringify({ TableName: 'orders', Key: { id: { S: '4711' } } }))

const dynamodb: SignInput = {
  method: 'POST',
  path: '/',
  query: '',
  host: 'gate.example:8443',
  headers: [
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', 'DynamoDB_20120810.GetItem'],
  ],
  region: 'eu-west-1',
  service: 'dynamodb',
  credentials: { accessKeyId: 'ASIAEXAMPLE', secretAccessKey, sessionToken },
  timeMs: Date.parse('2026-03-09T17:05:03Z'),
  payloadHash: hash('sha256', body),
}
const s3: SignInput = {
  ...dynamodb,
  method: 'GET',
  path: '/builds/2026/03/a%20file.txt',
  query: 'response-content-type=text%2Fplain&versionId=abc',
  headers: [['range', 'bytes=0-99']],
  service: 's3',
}

for (const input of [dynamodb, s3]) {
  const target = input.query === '' ? input.path : `${input.path}?${input.query}`
  const made = sign(input, keys)
  const headers: NameValue[] = [
    ['host', input.host],
    ['user-agent', 'Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7'],
    ['accept-encoding', 'identity'],
    ['content-length', String(body.length)],
    ...input.headers,
    ...made.headers,
  ]
  const head = { method: input.method, target, headers }
  const request = readRequest(head)
  const signed = readSignature(request)
  measure(`${input.service}: read the head`, () => readRequest(head))
  measure(`${input.service}: read the signature`, () => readSignature(request))
  measure(`${input.service}: verify (key cached, body hashed)`, () => {
    verifySignature(
      signed,
      request,
      keys.get('ASIAEXAMPLE', secretAccessKey, signed.scope),
      hash('sha256', body),
    )
  })
  measure(`${input.service}: sign`, () => sign(input, keys))
  measure(`${input.service}: all four`, () => {
    const fresh = readRequest(head)
    const read = readSignature(fresh)
    verifySignature(read, fresh, keys.get('ASIAEXAMPLE', secretAccessKey, read.scope), hash('sha256', body))
    sign(input, keys)
  })
}

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'sallyport')
for (const variant of ['signed', 'unsigned-trailer'] as const) {
  const payload: StreamingPayload = {
    kind: 'streaming',
    variant,
    decodedLength: MEBIBYTE.length,
    ...(variant === 'signed' ? {} : { trailer: 'crc32' as const }),
  }
  const made = sign(s3, keys)
  const chain = (): ChunkChain => new ChunkChain(made.key, made.timestamp, made.signature)
  const encode = (): Buffer[] => {
    const writer = new ChunkWriter(payload, chain())
    return [...writer.push(MEBIBYTE), ...writer.end()]
  }
  const encoded = Buffer.concat(encode())
  measure(`1 MiB ${variant}: encode`, encode)
  measure(`1 MiB ${variant}: decode, 64 KiB at a time`, () => {
    const reader = new ChunkReader(payload, chain())
    for (let at = 0; at < encoded.length; at += 65_536) reader.push(encoded.subarray(at, at + 65_536))
    reader.finish()
  })
}

/** Prints the best round: the one least disturbed by others on the machine. */
function measure(name: string, run: () => unknown): void {
  let bestUs = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    let count = 0
    while (performance.now() - start < PER_ROUND_MS) {
      for (let i = 0; i < 10; i++) run()
      count += 10
    }
    bestUs = Math.min(bestUs, ((performance.now() - start) * 1000) / count)
  }
  const perSecond = Math.round(1e6 / bestUs).toLocaleString('en')
  process.stdout.write(`${name.padEnd(48)} ${bestUs.toFixed(2).padStart(8)} µs  ${perSecond.padStart(9)}/s\n`)
}
