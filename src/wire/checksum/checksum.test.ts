import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import test from 'node:test'
import { Crc64Nvme as AwsCrc64Nvme } from '@aws-sdk/crc64-nvme'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import {
  type ChecksumAlgorithm,
  checksumHeader,
  checksumLength,
  checksumOfHeader,
  newChecksum,
} from './checksum.ts'

const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'crc32',
  'crc32c',
  'crc64nvme',
  'sha1',
  'sha256',
  'sha512',
  'md5',
]

function checksum(algorithm: ChecksumAlgorithm, ...pieces: Uint8Array[]): string {
  const state = newChecksum(algorithm)
  for (const piece of pieces) state.update(piece)
  return state.digest()
}

test('check values of the CRC catalogue: the checksum of `123456789`', () => {
  const bytes = Buffer.from('123456789')
  assert.equal(checksum('crc32', bytes), Buffer.from('cbf43926', 'hex').toString('base64'))
  assert.equal(checksum('crc32c', bytes), Buffer.from('e3069283', 'hex').toString('base64'))
  assert.equal(checksum('crc64nvme', bytes), Buffer.from('ae8b14860a799888', 'hex').toString('base64'))
})

test('the SHA and MD5 ones are the plain digests', () => {
  for (const algorithm of ['sha1', 'sha256', 'sha512', 'md5'] as const) {
    const want = createHash(algorithm).update('abc').digest('base64')
    assert.equal(checksum(algorithm, Buffer.from('abc')), want)
  }
})

test("crc64nvme agrees with AWS's own implementation", async () => {
  for (const length of [0, 1, 7, 8, 9, 63, 64, 65, 100_003]) {
    const bytes = randomBytes(length)
    const theirs = new AwsCrc64Nvme()
    theirs.update(bytes)
    const want = Buffer.from(await theirs.digest()).toString('base64')
    assert.equal(checksum('crc64nvme', bytes), want, `${length} bytes`)
  }
})

test('no checksum depends on how the bytes were split', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ALGORITHMS),
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (algorithm, parts) => {
        const whole = checksum(algorithm, Buffer.concat(parts))
        assert.equal(checksum(algorithm, ...parts), whole)
        assert.equal(whole.length, checksumLength(algorithm))
      },
    ),
  )
})

test('headers and algorithms name each other; others are refused', () => {
  for (const algorithm of ALGORITHMS) assert.equal(checksumOfHeader(checksumHeader(algorithm)), algorithm)
  const others = [
    'x-amz-checksum-xxhash3',
    'x-amz-checksum-',
    'x-amz-checksum-toString',
    'crc32',
    'x-amz-date',
  ]
  for (const name of others) {
    assert.throws(
      () => checksumOfHeader(name),
      (error: unknown) => error instanceof GateError && error.code === 'checksum-unsupported',
    )
  }
})
