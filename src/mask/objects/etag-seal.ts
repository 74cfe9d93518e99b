import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { NameValue } from '../../core/http.ts'
import { CONDITIONS, SUFFIX } from './headers.ts'

/*
 * The ETag of most objects is the MD5 of their bytes: who sees all of an object but a card's number finds the
 * number by trying. So a masked object has its ETag sealed, the same ETag always the same way, and gets its own
 * back in the conditions of requests.
 *
 *   sealed = '"' base64url(tag | AES-256-CTR(etag, iv = tag)) '-masked"'    tag = first 16 bytes of HMAC-SHA-256(etag)
 *
 * Deterministic encryption as in SIV (https://www.rfc-editor.org/rfc/rfc5297).
 */

const TAG_BYTES = 16
const FORM = /^(W\/)?("?)([A-Za-z0-9_-]{22,400})-masked("?)$/

export class EtagSeal {
  readonly #tagKey: Buffer
  readonly #cipherKey: Buffer

  /** @param key 32 bytes that all replicas share */
  constructor(key: Buffer) {
    this.#tagKey = createHmac('sha256', key).update('etag tag').digest()
    this.#cipherKey = createHmac('sha256', key).update('etag cipher').digest()
  }

  /** @param etag of S3, with its quotes; with the suffix of a masked one or without */
  seal(etag: string): string {
    const plain = Buffer.from(etag.replaceAll('"', '').replace(new RegExp(`${SUFFIX}$`), ''), 'latin1')
    const tag = this.#tag(plain)
    const sealed = createCipheriv('aes-256-ctr', this.#cipherKey, tag).update(plain)
    return `"${Buffer.concat([tag, sealed]).toString('base64url')}${SUFFIX}"`
  }

  /** The headers of a request with S3's own ETags where they name sealed ones. */
  opened(headers: readonly NameValue[]): readonly NameValue[] {
    return headers.map(([name, value]) => {
      if (!CONDITIONS.has(name)) return [name, value]
      const etags = value.split(',').map(etag => this.#open(etag.trim()) ?? etag)
      return [name, etags.join(',')]
    })
  }

  /** Undefined for what this did not seal. */
  #open(etag: string): string | undefined {
    const match = FORM.exec(etag)
    if (match === null) return undefined
    const [, weak = '', before = '', text = '', behind = ''] = match
    const bytes = Buffer.from(text, 'base64url')
    const tag = bytes.subarray(0, TAG_BYTES)
    if (tag.length < TAG_BYTES) return undefined
    const plain = createDecipheriv('aes-256-ctr', this.#cipherKey, tag).update(bytes.subarray(TAG_BYTES))
    if (!timingSafeEqual(this.#tag(plain), tag)) return undefined
    return `${weak}${before}${plain.toString('latin1')}${behind}`
  }

  #tag(plain: Buffer): Buffer {
    return createHmac('sha256', this.#tagKey).update(plain).digest().subarray(0, TAG_BYTES)
  }
}
