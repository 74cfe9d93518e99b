import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import type { Coding } from './encoding.ts'
import { DEFAULT_OBJECT_LIMITS, HEAD_BYTES, RATIO_GRACE_BYTES } from './limits.ts'
import { planObject } from './object-plan.ts'
import { closeBody, openBody } from './opened-body.ts'
import { readHead } from './passed-body.ts'

const SHUT: Readonly<Record<Coding, (bytes: Buffer) => Buffer>> = {
  gzip: bytes => gzipSync(bytes),
  deflate: bytes => deflateSync(bytes),
  'deflate-raw': bytes => deflateRawSync(bytes),
  br: bytes => brotliCompressSync(bytes),
  zstd: bytes => zstdCompressSync(bytes),
}
const OPEN: Readonly<Record<Coding, (bytes: Buffer) => Buffer>> = {
  gzip: bytes => gunzipSync(bytes),
  deflate: bytes => inflateSync(bytes),
  'deflate-raw': bytes => inflateRawSync(bytes),
  br: bytes => brotliDecompressSync(bytes),
  zstd: bytes => zstdDecompressSync(bytes),
}
const CODINGS = Object.keys(SHUT) as Coding[]
const declared = (coding: Coding): string => (coding === 'deflate-raw' ? 'deflate' : coding)
const TEXT = Buffer.from('name,email\nalice,SECRET\n'.repeat(5000))

function source(bytes: Buffer, size = 4096): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return Readable.from(pieces(), { objectMode: false })
}

async function read(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function plan(bytes: Buffer, contentEncoding = ''): Promise<string> {
  const head = await readHead(source(bytes), HEAD_BYTES)
  const { layers, look } = await planObject(head, contentEncoding)
  return [...layers, look.name].join(' ')
}

const opened = (bytes: Buffer, coding: Coding, size?: number): Promise<Buffer> =>
  read(openBody(source(bytes, size), coding, DEFAULT_OBJECT_LIMITS))

for (const coding of CODINGS) {
  test(`${coding} opens and closes again`, async () => {
    const packed = SHUT[coding](TEXT)
    assert.equal(await plan(packed, declared(coding)), `${coding} text`)
    const plain = openBody(source(packed, 100), coding, DEFAULT_OBJECT_LIMITS)
    const closed = await read(closeBody(plain, coding))
    assert.ok(OPEN[coding](closed).equals(TEXT))
  })

  test(`${coding} that is cut at any byte, or followed by one, is an error`, async () => {
    const packed = SHUT[coding](Buffer.from('a short text, a short text, SECRET'))
    for (let cut = 0; cut < packed.length; cut++) {
      await assert.rejects(opened(packed.subarray(0, cut), coding), { code: 'object-unmaskable' }, `${cut}`)
    }
    for (const after of ['\0', 'x', 'SECRET'.repeat(20_000)]) {
      for (const size of [1, 7, 1 << 20]) {
        const long = Buffer.concat([packed, Buffer.from(after)])
        await assert.rejects(opened(long, coding, Math.max(size, after.length / 100)), {
          code: 'object-unmaskable',
        })
      }
    }
  })

  test(`${coding}: an error of the source stays what it is`, async () => {
    const stored = new Readable({ read: () => undefined })
    stored.push(SHUT[coding](TEXT).subarray(0, 20))
    const body = openBody(stored, coding, DEFAULT_OBJECT_LIMITS)
    setImmediate(() => stored.destroy(new Error('the socket closed')))
    await assert.rejects(read(body), { message: 'the socket closed' })
  })

  test(`${coding}: whoever leaves takes everything down`, async () => {
    const stored = new Readable({ read: () => undefined })
    stored.push(SHUT[coding](TEXT).subarray(0, -1))
    const body = closeBody(openBody(stored, coding, DEFAULT_OBJECT_LIMITS), coding)
    body.once('readable', () => undefined)
    await new Promise(setImmediate)
    body.destroy()
    await new Promise(resolve => stored.once('close', resolve))
  })
}

test('gzip members after each other are one object', async () => {
  const packed = Buffer.concat([gzipSync('one '), gzipSync('two')])
  for (const size of [1, 5, 1000]) assert.equal((await opened(packed, 'gzip', size)).toString(), 'one two')
})

test('bombs are broken off by their ratio and by their size', async () => {
  const bomb = gzipSync(Buffer.alloc(RATIO_GRACE_BYTES + (1 << 20), 'x'))
  const tight = { ...DEFAULT_OBJECT_LIMITS, inflationRatio: 500 }
  await assert.rejects(read(openBody(source(bomb), 'gzip', tight)), { code: 'object-inflated-limit' })
  const small = { ...DEFAULT_OBJECT_LIMITS, inflatedBytes: 1 << 20 }
  await assert.rejects(read(openBody(source(bomb), 'gzip', small)), { code: 'object-inflated-limit' })
})

test('what an object is, is found out whatever its metadata says', async () => {
  const packed = gzipSync(TEXT)
  const cases: [Buffer, string | undefined, string][] = [
    [TEXT, undefined, 'text'],
    [TEXT, 'gzip', 'text'],
    [TEXT, 'br', 'text'],
    [TEXT, 'deflate', 'text'],
    [TEXT, 'zstd, br', 'text'],
    [TEXT, 'utf-8', 'text'],
    [TEXT, 'aws-chunked', 'text'],
    [packed, undefined, 'gzip text'],
    [packed, 'aws-chunked,gzip', 'gzip text'],
    [packed, 'br', 'gzip text'],
    [packed, 'x-unheard-of', 'gzip text'],
    [zstdCompressSync(TEXT), undefined, 'zstd text'],
    [gzipSync(packed), 'gzip', 'gzip gzip text'],
    [gzipSync(packed), undefined, 'gzip gzip text'],
    [brotliCompressSync(packed), 'gzip, br', 'br gzip text'],
    [zstdCompressSync(packed), 'gzip, zstd', 'zstd gzip text'],
    [gzipSync(Buffer.from('PK\x03\x04')), 'gzip', 'gzip zip'],
    [Buffer.alloc(0), 'gzip', 'text'],
    [gzipSync(''), 'gzip', 'gzip text'],
    [brotliCompressSync(TEXT), undefined, 'data that is no UTF-8'],
  ]
  for (const [bytes, encoding, expected] of cases)
    assert.equal(await plan(bytes, encoding), expected, encoding)
})

test('what was compressed three times, or is damaged, is not opened', async () => {
  await assert.rejects(plan(gzipSync(gzipSync(gzipSync('x')))), { code: 'object-unmaskable' })
  const damaged = gzipSync(Buffer.from('incompressible? no', 'utf8'))
  damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 1
  for (const bytes of [damaged, Buffer.from('\x1f\x8b\x08\xff no gzip', 'latin1')]) {
    await assert.rejects(plan(bytes), { code: 'object-unmaskable' })
  }
  await assert.rejects(plan(Buffer.from([1, 2, 0xff, 0]), 'deflate'), { code: 'object-unmaskable' })
})

test('text is never taken for compressed data', async () => {
  const ascii = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 300 })
  await fc.assert(
    fc.asyncProperty(
      ascii,
      fc.constantFrom(undefined, 'gzip', 'deflate', 'br', 'zstd'),
      async (text, encoding) => {
        try {
          assert.equal(await plan(Buffer.from(text), encoding), 'text')
        } catch (error) {
          assert.ok(error instanceof Error && 'code' in error && error.code === 'object-unmaskable')
        }
      },
    ),
  )
})
