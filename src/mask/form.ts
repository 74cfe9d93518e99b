import { createHmac } from 'node:crypto'
import type { MaskForm } from '../core/decision.ts'
import { MARKER } from './marker.ts'

/**
 * The forms of a mask. Each begins with the marker, and masking what is masked already changes nothing.
 *
 * | form    | of a text                               | of bytes whose number must stay                        |
 * | ------- | --------------------------------------- | ------------------------------------------------------ |
 * | full    | `~mask~`                                | `~mask~*****`                                          |
 * | partial | `~mask~4242`, `~mask~@example.com`      | `~mask~******4242`, `~mask~@example.com` where it fits |
 * | hash    | `~mask~h` and 26 characters of base32   | the same, cut to what fits, `*` behind it              |
 * | null    | the empty text; of JSON the caller's    | as full                                                |
 *
 * A hash keeps equal values equal. Of a text it has 128 bits. Of n bytes it has 5 × min(26, n − 7) bits: two
 * different values among 1,000 of 11 bytes (20 bits) meet with odds of 2 in 5, of 16 bytes (45 bits) of one in
 * 70 million. Bytes under 11 are masked in full: what is left of the hash would join what does not belong together.
 */

const HASH_BYTES = 16
/** Characters of the base32 of `HASH_BYTES`. */
const HASH_CHARACTERS = 26
const MIN_HASH_CHARACTERS = 4
/** A text that is no number of a card, an account or a phone keeps its end only if it is this long. */
const MIN_PARTIAL_CHARACTERS = 12
const KEPT = 4
const FILL = '*'

/** What is told apart by its last four characters, separators left out. */
const KEPT_BY_NUMBER: ReadonlySet<string> = new Set(['credit-card', 'iban', 'phone-number', 'aws-access-key'])
const EMAIL = 'email-address'

/** An e-mail address in any form that the detector knows; the domain is its group. Each class is bounded. */
const DOMAIN = /(?:@|%40|\\u0040|&#0{0,5}64;|&#x0{0,5}40;|&commat;)([\w.\u0080-\uffff-]{1,253})$/i
const WHOLE_EMAIL = /^[^\s@"<>]{1,64}@[\w.\u0080-\uffff-]{1,200}\.[a-z\u0080-\uffff]{2,63}$/i
/** What may be left to see at the end: nothing that means something to JSON, XML, CSV or a URL. */
const KEEPABLE = /^[\p{L}\p{N}]{4}$/u

const MASKED_HASH = /^~mask~h[a-z2-7]{26}$/
const MASKED_PART = /^~mask~(?:[\p{L}\p{N}]{4}|@[\w.\u0080-\uffff-]{1,253})$/u
const FILLED = /^~mask~\**$/
const FILLED_HASH = /^~mask~h(?:[a-z2-7]{26}\**|[a-z2-7]{4,25})$/
const FILLED_PART = /^~mask~\**(?:[A-Za-z0-9]{4}|@[\w.\u0080-\uffff-]{1,253})$/

/**
 * The mask of a whole text. `kind` is the name of the detector that found it, where one did. `null` gives the
 * empty text: where there is a null, the caller writes that instead.
 */
export function maskText(value: string, form: MaskForm, hashKey: Buffer, kind?: string): string {
  if (form === 'null') return ''
  if (form === 'full' || isMaskedText(value, form)) return form === 'full' ? MARKER : value
  if (form === 'hash') return `${MARKER}h${hashOf(Buffer.from(value, 'utf8'), hashKey)}`
  return MARKER + keptOf(value, kind)
}

/**
 * The mask of some bytes, with exactly as many. Below six bytes there is no room for the marker: `*` alone.
 * What is kept of them is ASCII or was there as it stands, so that text stays text.
 */
export function maskSameLength(bytes: Uint8Array, form: MaskForm, hashKey: Buffer, kind?: string): Buffer {
  const out = Buffer.alloc(bytes.length, FILL)
  if (bytes.length < MARKER.length) return out
  out.write(MARKER, 'latin1')
  if (form === 'full' || form === 'null') return out
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = source.toString('latin1')
  if (isMaskedBytes(value, form)) return Buffer.from(source)
  if (form === 'hash') {
    const room = Math.min(HASH_CHARACTERS, bytes.length - MARKER.length - 1)
    if (room < MIN_HASH_CHARACTERS) return out
    out.write(`h${hashOf(source, hashKey).slice(0, room)}`, MARKER.length, 'latin1')
    return out
  }
  const kept = keptOf(value, kind, /^[A-Za-z0-9]{4}$/)
  if (MARKER.length + kept.length <= bytes.length) out.write(kept, bytes.length - kept.length, 'latin1')
  return out
}

function isMaskedText(value: string, form: MaskForm): boolean {
  if (value === MARKER || MASKED_HASH.test(value)) return true
  return form === 'partial' && MASKED_PART.test(value)
}

function isMaskedBytes(value: string, form: MaskForm): boolean {
  if (FILLED.test(value) || FILLED_HASH.test(value)) return true
  return form === 'partial' && FILLED_PART.test(value)
}

/** What a partial mask leaves to see; empty where that would be too much. */
function keptOf(value: string, kind: string | undefined, keepable: RegExp = KEEPABLE): string {
  if (kind === EMAIL || (kind === undefined && WHOLE_EMAIL.test(value))) {
    const domain = DOMAIN.exec(value.slice(-(253 + 12)))?.[1]
    return domain === undefined ? '' : `@${domain}`
  }
  const byNumber = kind !== undefined && KEPT_BY_NUMBER.has(kind)
  const end = byNumber ? value.replace(/[^\p{L}\p{N}]/gu, '').slice(-2 * KEPT) : value.slice(-2 * KEPT)
  if (!byNumber && [...value.slice(0, 2 * MIN_PARTIAL_CHARACTERS)].length < MIN_PARTIAL_CHARACTERS) return ''
  const kept = [...end].slice(-KEPT).join('')
  return keepable.test(kept) && kept.length < value.length ? kept : ''
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** 128 bits of HMAC-SHA-256 (RFC 2104) in base32 (RFC 4648, lower case, without padding). */
function hashOf(bytes: Buffer, key: Buffer): string {
  const digest = createHmac('sha256', key).update(bytes).digest().subarray(0, HASH_BYTES)
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of digest) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32.charAt((held >> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + BASE32.charAt((held << (5 - bits)) & 31)
}
