import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { pipeline, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { DecodedBody, EncodedBody, HashedBody } from './body.ts'
import { ChunkChain } from './chunk-chain.ts'
import { ChunkReader } from './chunk-reader.ts'
import { ChunkWriter, encodedLength } from './chunk-writer.ts'
import { deriveSigningKey, SigningKeys } from './keys.ts'
import { SIGV4_LIMITS } from './limits.ts'
import type { ChunkVariant, StreamingPayload } from './messages.ts'
import { STREAMING } from './payload.ts'
import { sign } from './sign.ts'
import { parseTimestamp } from './time.ts'

const TIMESTAMP = '20130524T000000Z'
const secret = new Redacted('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
const key = deriveSigningKey(secret, { date: '20130524', region: 'us-east-1', service: 's3' })
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const SEED_TRAILER = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'

const chain = (seed: string = SEED): ChunkChain => new ChunkChain(key, TIMESTAMP, seed)

function payloadOf(variant: ChunkVariant, decodedLength: number): StreamingPayload {
  if (variant === 'signed') return { kind: 'streaming', variant, decodedLength }
  return { kind: 'streaming', variant, decodedLength, trailer: 'crc32c' }
}

/** Decodes pieces; what was released before an error is lost, as it is for the upstream. */
function decode(payload: StreamingPayload, pieces: readonly Buffer[], seed: string = SEED): Buffer {
  const reader = new ChunkReader(payload, chain(seed))
  const out = pieces.flatMap(piece => reader.push(piece))
  return Buffer.concat([...out, ...reader.finish()])
}

function encode(payload: StreamingPayload, body: Buffer, chunkBytes?: number, seed: string = SEED): Buffer {
  const writer = new ChunkWriter(payload, chain(seed), chunkBytes)
  return Buffer.concat([...writer.push(body), ...writer.end()])
}

function refuses(code: ErrorCode, run: () => unknown): void {
  assert.throws(run, (error: unknown) => error instanceof GateError && error.code === code)
}

const variants: readonly ChunkVariant[] = ['signed', 'signed-trailer', 'unsigned-trailer']

const DATA = Buffer.alloc(66_560, 'a')

test('the example of AWS: a body of signed chunks', () => {
  const frame = (size: string, signature: string): string => `${size};chunk-signature=${signature}\r\n`
  const text =
    frame('10000', 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648') +
    `${'a'.repeat(65_536)}\r\n` +
    frame('400', '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497') +
    `${'a'.repeat(1024)}\r\n` +
    frame('0', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9') +
    '\r\n'
  const payload = payloadOf('signed', 66_560)
  assert.equal(text.length, 66_824, 'the length that the documentation gives')
  assert.equal(encodedLength(payload, 65_536), 66_824)
  assert.equal(encode(payload, DATA, 65_536).toString(), text)
  assert.ok(decode(payload, [Buffer.from(text)]).equals(DATA))
})

test('the example of AWS: the head of a chunked body seeds the chain', () => {
  const made = sign(
    {
      method: 'PUT',
      path: '/examplebucket/chunkObject.txt',
      query: '',
      host: 's3.amazonaws.com',
      headers: [
        ['content-encoding', 'aws-chunked'],
        ['content-length', '66824'],
        ['x-amz-decoded-content-length', '66560'],
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ],
      region: 'us-east-1',
      service: 's3',
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: secret },
      timeMs: parseTimestamp(TIMESTAMP),
      payloadHash: STREAMING.signed,
    },
    new SigningKeys(),
  )
  assert.equal(made.signature, SEED)
})

test('the example of AWS: signed chunks with a trailer', () => {
  const payload = payloadOf('signed-trailer', 66_560)
  const text = encode(payload, DATA, 65_536, SEED_TRAILER).toString()
  const signatures = [...text.matchAll(/signature[=:]([0-9a-f]{64})/g)].map(match => match[1])
  assert.deepEqual(signatures, [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ])
  assert.match(text, /\r\nx-amz-checksum-crc32c:sOO8\/Q==\r\n/)
  assert.ok(decode(payload, [Buffer.from(text)], SEED_TRAILER).equals(DATA))
})

test('what is written is read again, at its announced length, however it is split', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...variants),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 64 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      (variant, bytes, chunkBytes, steps) => {
        const body = Buffer.from(bytes)
        const payload = payloadOf(variant, body.length)
        const encoded = encode(payload, body, chunkBytes)
        assert.equal(encoded.length, encodedLength(payload, chunkBytes))
        const pieces: Buffer[] = []
        for (let at = 0, step = 0; at < encoded.length; step++) {
          const size = steps[step % steps.length] ?? 1
          pieces.push(encoded.subarray(at, at + size))
          at += size
        }
        assert.ok(decode(payload, pieces).equals(body))
      },
    ),
  )
})

for (const variant of variants) {
  const body = Buffer.from('the quick brown fox jumps over the lazy dog')
  const payload = payloadOf(variant, body.length)
  const encoded = encode(payload, body, 16)

  test(`${variant}: any split in two gives the same body`, () => {
    for (let at = 0; at <= encoded.length; at++) {
      const pieces = [encoded.subarray(0, at), encoded.subarray(at)]
      assert.ok(decode(payload, pieces).equals(body), `split at ${at}`)
    }
  })

  test(`${variant}: a body cut short anywhere is refused, its last byte unreleased`, () => {
    for (let at = 0; at < encoded.length; at++) {
      const reader = new ChunkReader(payload, chain())
      const released = reader.push(encoded.subarray(0, at))
      refuses('chunk-malformed', () => reader.finish())
      const total = released.reduce((sum, piece) => sum + piece.length, 0)
      assert.ok(total < body.length, `cut at ${at} released ${total} bytes`)
    }
  })

  test(`${variant}: a change of any one bit is refused, the last byte unreleased`, () => {
    for (let at = 0; at < encoded.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = Buffer.from(encoded)
        changed[at] = (changed[at] ?? 0) ^ bit
        // Upper-case digits of a size and upper-case names of trailers mean the same.
        if (changed.toString('latin1').toLowerCase() === encoded.toString('latin1').toLowerCase()) {
          if (bit === 32) continue
        }
        assert.throws(() => decode(payload, [changed]), GateError, `bit ${bit} of byte ${at}`)
      }
    }
  })

  test(`${variant}: bytes after the end are refused`, () => {
    refuses('chunk-malformed', () => decode(payload, [encoded, Buffer.from('\r')]))
    refuses('chunk-malformed', () => decode(payload, [Buffer.concat([encoded, encoded])]))
  })

  test(`${variant}: the length must be the announced one`, () => {
    refuses('chunk-length-mismatch', () => decode(payloadOf(variant, body.length + 1), [encoded]))
    refuses('chunk-length-mismatch', () => decode(payloadOf(variant, body.length - 1), [encoded]))
    refuses('chunk-length-mismatch', () => encode(payloadOf(variant, body.length + 1), body))
    refuses('chunk-length-mismatch', () => encode(payloadOf(variant, body.length - 1), body))
  })
}

test('a chunk in the place of another, or of another body, is refused before any byte of it is released', () => {
  const body = Buffer.alloc(32, 'x')
  const payload = payloadOf('signed', 32)
  const text = encode(payload, body, 16).toString()
  const chunk = '10;chunk-signature='.length + 64 + 2 + 16 + 2
  const [first, second, rest] = [text.slice(0, chunk), text.slice(chunk, 2 * chunk), text.slice(2 * chunk)]
  for (const attack of [second + first + rest, first + first + rest]) {
    refuses('chunk-signature-mismatch', () => decode(payload, [Buffer.from(attack)]))
  }
  const reader = new ChunkReader(payload, chain('0'.repeat(64)))
  refuses('chunk-signature-mismatch', () => reader.push(Buffer.from(text)))
  refuses('chunk-malformed', () => reader.push(Buffer.from(text)))
})

test('sizes that parsers read differently are refused', () => {
  const sizes = [
    '0x5',
    '+5',
    ' 5',
    '5 ',
    '05',
    '-5',
    '',
    '5;',
    '5;a=b',
    '5_',
    '5\t',
    '5,5',
    '1e1g',
    'f'.repeat(14),
  ]
  for (const size of sizes) {
    const text = `${size}\r\nhello\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\r\n\r\n`
    refuses('chunk-malformed', () => decode(payloadOf('unsigned-trailer', 5), [Buffer.from(text)]))
  }
})

test('lines must end in CRLF, and extensions other than the signature are refused', () => {
  const good = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:mnG7TA==\r\n\r\n'
  const payload = payloadOf('unsigned-trailer', 5)
  assert.equal(decode(payload, [Buffer.from(good)]).toString(), 'hello')
  for (const bad of [
    good.replace('\r\n', '\n'),
    good.replace('5\r\n', '5\r\r\n'),
    good.replaceAll('\r\n', '\n'),
  ]) {
    refuses('chunk-malformed', () => decode(payload, [Buffer.from(bad)]))
  }
  const signed = payloadOf('signed', 5)
  const signature = 'a'.repeat(64)
  for (const extension of [
    `;chunk-signature=${signature};x=y`,
    `;x=y;chunk-signature=${signature}`,
    '',
    ';',
  ]) {
    const text = `5${extension}\r\nhello\r\n`
    refuses('chunk-malformed', () => decode(signed, [Buffer.from(text)]))
  }
})

test('trailers must be the announced checksum, once, and right', () => {
  const payload = payloadOf('unsigned-trailer', 5)
  const body = '5\r\nhello\r\n0\r\n'
  const right = 'x-amz-checksum-crc32c:mnG7TA==\r\n'
  const run = (trailers: string) => () => decode(payload, [Buffer.from(`${body}${trailers}\r\n`)])
  refuses('checksum-mismatch', run('x-amz-checksum-crc32c:AAAAAA==\r\n'))
  refuses('checksum-mismatch', run('x-amz-checksum-crc32c: mnG7TA==\r\n'))
  refuses('chunk-trailer-refused', run(''))
  refuses('chunk-trailer-refused', run('x-amz-checksum-crc32:mnG7TA==\r\n'))
  refuses('chunk-trailer-refused', run(right + right))
  refuses('chunk-trailer-refused', run(`${right}x-amz-meta-a:b\r\n`))
  refuses('chunk-trailer-refused', run(`x-amz-meta-a:b\r\n${right}`))
})

test('limits: signed chunks and lines', () => {
  const large = SIGV4_LIMITS.signedChunkBytes + 1
  const line = `${large.toString(16)};chunk-signature=${'a'.repeat(64)}\r\n`
  refuses('chunk-too-large', () => decode(payloadOf('signed', large), [Buffer.from(line)]))
  refuses('chunk-malformed', () => decode(payloadOf('signed', 5), [Buffer.alloc(600, 'a')]))
  refuses('chunk-malformed', () => decode(payloadOf('signed', 5), [Buffer.from('5'), Buffer.alloc(600, 'a')]))
})

test('a large signed chunk that comes in small pieces is gathered whole', () => {
  const body = Buffer.alloc(1_000_000, 'sallyport')
  const payload = payloadOf('signed', body.length)
  const encoded = encode(payload, body, body.length)
  const pieces: Buffer[] = []
  for (let at = 0; at < encoded.length; at += 777) pieces.push(encoded.subarray(at, at + 777))
  assert.ok(decode(payload, pieces).equals(body))
})

test('an unsigned chunk of any size streams through', () => {
  const reader = new ChunkReader(payloadOf('unsigned-trailer', 2 ** 33), undefined)
  assert.equal(reader.push(Buffer.from('200000000\r\nabc'))[0]?.toString(), 'abc')
  assert.equal(reader.push(Buffer.from('def'))[0]?.toString(), 'def')
})

const run = promisify(pipeline)

test('as streams: decode what a client sent, encode it anew, decode that', async () => {
  const body = Buffer.alloc(700_000, 'sallyport')
  for (const variant of variants) {
    const payload = payloadOf(variant, body.length)
    const stream = Readable.from([encode(payload, body, 65_536)])
      .pipe(new DecodedBody(new ChunkReader(payload, chain())))
      .pipe(new EncodedBody(new ChunkWriter(payload, chain(SEED_TRAILER))))
    const sent = await buffer(stream)
    assert.equal(sent.length, encodedLength(payload))
    assert.ok(decode(payload, [sent], SEED_TRAILER).equals(body))
  }
})

test('as streams: errors of the codec are errors of the stream', async () => {
  const payload = payloadOf('signed', 5)
  const decoded = new DecodedBody(new ChunkReader(payload, chain()))
  await assert.rejects(run(Readable.from([Buffer.from('nonsense\r\n')]), decoded), {
    code: 'chunk-malformed',
  })
  const encoded = new EncodedBody(new ChunkWriter(payload, chain()))
  await assert.rejects(run(Readable.from([Buffer.from('abc')]), encoded), { code: 'chunk-length-mismatch' })
})

test('a hashed body passes whole or fails with its last piece unreleased', async () => {
  const pieces = [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('def')]
  const good = new HashedBody(hash('sha256', Buffer.from('abcdef')))
  assert.equal((await buffer(Readable.from(pieces).pipe(good))).toString(), 'abcdef')
  const bad = new HashedBody('0'.repeat(64))
  const seen: Buffer[] = []
  bad.on('data', (piece: Buffer) => seen.push(piece))
  await assert.rejects(run(Readable.from(pieces), bad), { code: 'payload-hash-mismatch' })
  assert.equal(Buffer.concat(seen).toString(), 'abc')
})
