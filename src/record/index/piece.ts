import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const CRC_BYTES = 4
const KEY_BYTES = 32

/**
 * How pieces of an index file lie on the disk: as they are, behind a CRC-32C that finds damage; or sealed with
 * AES-256-GCM, behind a random nonce and before the tag, which finds forgery, too. Either way a piece is bound to its
 * name, so that none can stand in another's place.
 */
export interface PieceCodec {
  /** Bytes that a piece takes beyond its own. */
  readonly overhead: number
  close(name: string, bytes: Buffer): Buffer
  /** Undefined if the bytes are not the piece of this name. */
  open(name: string, bytes: Buffer): Buffer | undefined
}

/** Without a key. `file` names the file that all pieces are of. */
export function plainCodec(file: string): PieceCodec {
  const seeds = (name: string): number => crc32c(`${file} ${name}`)
  return {
    overhead: CRC_BYTES,
    close(name, bytes) {
      const crc = Buffer.alloc(CRC_BYTES)
      crc.writeUInt32LE(crc32c(bytes, seeds(name)))
      return Buffer.concat([crc, bytes])
    },
    open(name, bytes) {
      if (bytes.length < CRC_BYTES) return undefined
      const piece = bytes.subarray(CRC_BYTES)
      return crc32c(piece, seeds(name)) === bytes.readUInt32LE(0) ? piece : undefined
    },
  }
}

/**
 * With a key of 32 bytes, from which each file has its own by HKDF (RFC 5869): `salt` is random and stands in the file.
 * So nonces may be random: no file has nearly as many pieces as would make two alike likely (NIST SP 800-38D, 8.3).
 */
export function sealedCodec(
  file: string,
  key: Buffer,
  salt: Buffer,
  random: { bytes(length: number): Buffer },
): PieceCodec {
  const own = Buffer.from(hkdfSync('sha256', key, salt, `sallyport index 1 ${file}`, KEY_BYTES))
  return {
    overhead: NONCE_BYTES + TAG_BYTES,
    close(name, bytes) {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', own, nonce).setAAD(Buffer.from(name))
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
    },
    open(name, bytes) {
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
      const options = { authTagLength: TAG_BYTES }
      const cipher = createDecipheriv('aes-256-gcm', own, bytes.subarray(0, NONCE_BYTES), options)
      cipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-TAG_BYTES))
      const piece = cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
      try {
        cipher.final()
      } catch {
        // The one way in which OpenSSL says that the tag does not fit.
        return undefined
      }
      return piece
    },
  }
}
