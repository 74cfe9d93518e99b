import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { StarMasker, starred } from './masker.fixture.ts'
import { MaskPassage, PlainPassage } from './passage.ts'
import { PassedBody, readHead } from './passed-body.ts'
import { RangeCutter } from './range.ts'

const OBJECT = Buffer.from('a SECRET, grün SECRETSECRET and the SECRE')

/** A source in pieces of these sizes, in turn. */
function source(bytes: Buffer, sizes: readonly number[] = [5]): Readable {
  function* pieces(): Generator<Buffer> {
    let at = 0
    for (let i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length] ?? 1
      yield bytes.subarray(at, at + size)
      at += size
    }
  }
  return Readable.from(pieces(), { objectMode: false })
}

async function read(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('a masked range is the slice of the masked whole, for every range and any cuts', async () => {
  const whole = starred(OBJECT)
  const total = OBJECT.length
  const range = fc
    .tuple(fc.nat(total - 1), fc.nat(total - 1))
    .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b), total }))
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(range, sizes, fc.nat(total + 5), async (asked, cuts, peeked) => {
      const stored = source(OBJECT, cuts)
      const head = await readHead(stored, peeked)
      const body = new PassedBody(stored, new MaskPassage([new StarMasker()], new RangeCutter(asked)), head)
      assert.equal(
        (await read(body)).toString('hex'),
        whole.subarray(asked.first, asked.last + 1).toString('hex'),
      )
      assert.ok(stored.destroyed, 'nothing is left open behind it')
    }),
    { numRuns: 400 },
  )
})

test('the source is read no further than the end of the range', async () => {
  let given = 0
  const stored = new Readable({
    highWaterMark: 1,
    read() {
      given += 100
      this.push(Buffer.alloc(100, 'x'))
    },
  })
  const range = { first: 150, last: 160, total: 1e9 }
  const body = new PassedBody(stored, new MaskPassage([new StarMasker()], new RangeCutter(range)))
  assert.equal((await read(body)).length, 11)
  assert.ok(stored.destroyed)
  assert.ok(given < 1000, `${given} bytes were read`)
})

test('a slow reader slows the source down', async () => {
  let given = 0
  const stored = new Readable({
    read() {
      given += 1000
      this.push(given > 10_000_000 ? null : Buffer.alloc(1000, 'x'))
    },
  })
  const body = new PassedBody(stored, new PlainPassage())
  body.once('readable', () => undefined)
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate)
  assert.ok(given > 0 && given < 1_000_000, `${given} bytes were read for nobody`)
  body.destroy()
  assert.ok(stored.destroyed)
})

test('an error of the source ends the body, before or while it is read', async () => {
  for (const readFirst of [true, false]) {
    const stored = new Readable({ read: () => undefined })
    const body = new PassedBody(stored, new PlainPassage())
    const expected = { code: 'upstream-timeout' }
    const done = readFirst ? assert.rejects(read(body), expected) : undefined
    stored.destroy(new GateError('upstream-timeout', 'the upstream is slow'))
    await new Promise(setImmediate)
    await (done ?? assert.rejects(read(body), expected))
  }
})

test('a source that closes before its end is an error', async () => {
  const stored = new Readable({ read: () => undefined })
  const body = new PassedBody(stored, new PlainPassage())
  stored.push('half')
  setImmediate(() => stored.destroy())
  await assert.rejects(read(body), { code: 'upstream-reply-unclear' })
})

test('a source that broke between its head and its body is an error', async () => {
  const stored = new Readable({ read: () => undefined })
  stored.push('head')
  const head = await readHead(stored, 4)
  stored.destroy(new GateError('upstream-timeout', 'the upstream is slow'))
  await new Promise(setImmediate)
  await assert.rejects(read(new PassedBody(stored, new PlainPassage(), head)), { code: 'upstream-timeout' })
})

test('a head of a source that breaks is an error', async () => {
  const stored = new Readable({ read: () => undefined })
  const head = readHead(stored, 4)
  stored.destroy()
  await assert.rejects(head, { code: 'upstream-reply-unclear' })
})

test('what the passage refuses is not passed on, and the source is let go', async () => {
  const stored = source(Buffer.concat([Buffer.from('text '.repeat(10)), Buffer.from('SECRET', 'utf16le')]))
  const body = new PassedBody(stored, new MaskPassage([new StarMasker()]))
  const seen: Buffer[] = []
  body.on('data', chunk => seen.push(chunk))
  const error = await new Promise<Error>(resolve => body.once('error', resolve))
  assert.equal(error instanceof GateError && error.code, 'object-unmaskable')
  assert.ok(!Buffer.concat(seen).includes(0))
  assert.ok(stored.destroyed)
})

test('a masker that changes the length ends the body', async () => {
  const longer = { push: (chunk: Buffer) => Buffer.concat([chunk, chunk]), end: () => Buffer.alloc(0) }
  const shorter = { push: (chunk: Buffer) => chunk.subarray(1), end: () => Buffer.alloc(0) }
  for (const masker of [longer, shorter]) {
    const body = new PassedBody(source(OBJECT), new MaskPassage([masker]))
    await assert.rejects(read(body), { code: 'internal' })
  }
})
