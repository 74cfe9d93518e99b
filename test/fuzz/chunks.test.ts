import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { ChunkChain } from '../../src/wire/sigv4/chunk-chain.ts'
import { ChunkReader } from '../../src/wire/sigv4/chunk-reader.ts'
import { ChunkWriter } from '../../src/wire/sigv4/chunk-writer.ts'
import { deriveSigningKey } from '../../src/wire/sigv4/keys.ts'
import type { ChunkVariant, StreamingPayload } from '../../src/wire/sigv4/messages.ts'

const key = deriveSigningKey(new Redacted('secret'), { date: '20260101', region: 'eu-west-1', service: 's3' })
const chain = (): ChunkChain => new ChunkChain(key, '20260101T000000Z', 'a'.repeat(64))
const variants: readonly ChunkVariant[] = ['signed', 'signed-trailer', 'unsigned-trailer']

function payloadOf(variant: ChunkVariant, decodedLength: number): StreamingPayload {
  if (variant === 'signed') return { kind: 'streaming', variant, decodedLength }
  return { kind: 'streaming', variant, decodedLength, trailer: 'crc64nvme' }
}

/** The body, or the code of the error; anything but a `GateError` fails the test. */
function outcome(payload: StreamingPayload, pieces: readonly Buffer[]): string {
  const reader = new ChunkReader(payload, chain())
  const out: Buffer[] = []
  try {
    for (const piece of pieces) out.push(...reader.push(piece))
    out.push(...reader.finish())
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.notEqual(error.code, 'internal')
    const released = out.reduce((sum, piece) => sum + piece.length, 0)
    assert.ok(released < payload.decodedLength || payload.decodedLength === 0, 'the last byte was released')
    return error.code
  }
  return `body ${Buffer.concat(out).toString('hex')}`
}

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc
    .array(
      fc.constantFrom(
        '\r\n',
        '5',
        '0',
        'a',
        'hello',
        ';',
        'chunk-signature=',
        'a'.repeat(64),
        'x-amz-checksum-',
        ':',
      ),
      { maxLength: 20 },
    )
    .map(parts => Buffer.from(parts.join(''))),
)

test('whatever comes, whole or byte by byte: the same answer, and never a crash', () => {
  fc.assert(
    fc.property(fc.constantFrom(...variants), fc.nat(20), noise, (variant, length, bytes) => {
      const payload = payloadOf(variant, length)
      const single = Array.from(bytes, byte => Buffer.from([byte]))
      assert.equal(outcome(payload, single), outcome(payload, [bytes]))
    }),
    { numRuns: 2000 },
  )
})

test('a good body with pieces cut out, doubled or replaced: the same answer however it is split', () => {
  const change = fc.record({
    at: fc.nat(400),
    remove: fc.nat(20),
    insert: fc.uint8Array({ maxLength: 10 }),
    split: fc.nat(400),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...variants),
      fc.uint8Array({ maxLength: 60 }),
      change,
      (variant, bytes, edit) => {
        const body = Buffer.from(bytes)
        const payload = payloadOf(variant, body.length)
        const writer = new ChunkWriter(payload, chain(), 16)
        const good = Buffer.concat([...writer.push(body), ...writer.end()])
        const changed = Buffer.concat([
          good.subarray(0, edit.at),
          edit.insert,
          good.subarray(edit.at + edit.remove),
        ])
        const whole = outcome(payload, [changed])
        assert.equal(outcome(payload, [changed.subarray(0, edit.split), changed.subarray(edit.split)]), whole)
        assert.equal(
          outcome(
            payload,
            Array.from(changed, byte => Buffer.from([byte])),
          ),
          whole,
        )
        if (whole.startsWith('body')) assert.equal(whole, `body ${body.toString('hex')}`)
      },
    ),
    { numRuns: 1000 },
  )
})
