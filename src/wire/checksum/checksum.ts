/**
 * The checksums that S3 takes over a body.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 *
 * Invariant: digests are base64 of the big-endian value, as `x-amz-checksum-*` headers have them, and do
 * not depend on how the bytes were split over `update` calls.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { GateError } from '../../core/errors.ts'
import { Crc64Nvme } from './crc64nvme.ts'

/** By the last part of the header's name: `x-amz-checksum-crc32c`. The xxHash ones are not taken. */
export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256' | 'sha512' | 'md5'

/** Bytes of each digest. */
const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  md5: 16,
}

const PREFIX = 'x-amz-checksum-'

/** A checksum being computed. */
export interface Checksum {
  update(bytes: Uint8Array): void
  /** Base64; call it once, after the last `update`. */
  digest(): string
}

/** The header that carries the checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return PREFIX + algorithm
}

/** The algorithm of a header's name (lower case). Throws `checksum-unsupported`. */
export function checksumOfHeader(name: string): ChecksumAlgorithm {
  const algorithm = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ''
  if (Object.hasOwn(DIGEST_BYTES, algorithm)) return algorithm as ChecksumAlgorithm
  throw new GateError('checksum-unsupported', 'the request names a checksum that the gate cannot verify')
}

/** Length of the checksum in base64 characters. */
export function checksumLength(algorithm: ChecksumAlgorithm): number {
  return Math.ceil(DIGEST_BYTES[algorithm] / 3) * 4
}

/** Starts a checksum. */
export function newChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'crc32':
      return new Crc32(crc32)
    case 'crc32c':
      return new Crc32((bytes, before) => crc32c(bytes, before))
    case 'crc64nvme':
      return new Crc64()
    default:
      return new Digest(algorithm)
  }
}

class Crc32 implements Checksum {
  readonly #step: (bytes: Uint8Array, before: number) => number
  #value = 0

  constructor(step: (bytes: Uint8Array, before: number) => number) {
    this.#step = step
  }

  update(bytes: Uint8Array): void {
    this.#value = this.#step(bytes, this.#value)
  }

  digest(): string {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#value >>> 0)
    return bytes.toString('base64')
  }
}

class Crc64 implements Checksum {
  readonly #state = new Crc64Nvme()

  update(bytes: Uint8Array): void {
    this.#state.update(bytes)
  }

  digest(): string {
    return this.#state.value().toString('base64')
  }
}

class Digest implements Checksum {
  readonly #hash: ReturnType<typeof createHash>

  constructor(name: 'sha1' | 'sha256' | 'sha512' | 'md5') {
    this.#hash = createHash(name)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  digest(): string {
    return this.#hash.digest('base64')
  }
}
