import {
  BASE64,
  byteAt,
  classOf,
  latin1,
  longRunEnd,
  runEnd,
  runStart,
  textAt,
  type Window,
  wordAt,
} from './bytes.ts'
import { type Detector, exactly, type Found, LIMIT_BYTES } from './detector.ts'

/**
 * Private keys in PEM (RFC 7468), of OpenSSH, PGP and SSH2, from the header line to the footer: as they are, with
 * their line breaks escaped as in JSON or in code, percent-encoded, or the whole of it in base64. Without a
 * footer, the key is masked as far as bytes follow that a key can have. The header alone is no key.
 */

const DASH = 0x2d
/** What the header says, blanks as such or encoded. */
const TITLE = classOf('A-Z0-9 +%')
const MAX_TITLE_BYTES = 60
/** What stands in a key without quotes: base64, line breaks, escapes, and headers as PEM has them. */
const BODY = classOf('0-9A-Za-z+/=\\ \t\r\n:,.%_-')
/** Key bytes that there must be: in a row, or in sum where nothing else can be between. */
const MIN_RUN = 40
const MIN_SUM = 64

export const privateKey: Detector = {
  name: 'private-key',
  anchors: [
    {
      triggers: [exactly('BEG')],
      look: (window, at, found) => {
        const header = headerAround(window, at)
        if (header !== undefined) key(window, header.start, header.end, found)
      },
    },
    {
      triggers: [exactly('0tL')],
      look: (window, at, found) => {
        if (textAt(window, at - 2, 'LS0tLS1CRUdJTi')) encoded(window, at - 2, found)
      },
    },
  ],
}

/** The line `-----BEGIN … PRIVATE KEY-----` around its `BEG`. */
function headerAround(window: Window, at: number): { start: number; end: number } | undefined {
  if (!textAt(window, at, 'BEGIN')) return undefined
  const blank = byteAt(window, at - 1) === 0x20 ? at - 1 : at
  const start = dashesBefore(window, blank)
  const title = runEnd(window, at, at + MAX_TITLE_BYTES, TITLE)
  const end = dashesBehind(window, title)
  if (blank - start < 4 || end - title < 4) return undefined
  const words = latin1(window, at, title).replace(/%20|\+/g, ' ')
  return /\bPRIVATE KEY\b/.test(words) ? { start, end } : undefined
}

const DASHES = classOf('-')

function dashesBefore(window: Window, at: number): number {
  return runStart(window, at - 8, at, DASHES)
}

function dashesBehind(window: Window, at: number): number {
  return runEnd(window, at, at + 8, DASHES)
}

function key(window: Window, start: number, body: number, found: Found): void {
  const limit = start + LIMIT_BYTES
  let sum = 0
  let row = 0
  let longest = 0
  // The first byte that no key has without quotes around its lines.
  let broken = 0
  let at = body
  for (; at < limit && at < window.ceiling; at++) {
    const byte = byteAt(window, at)
    if (byte === DASH && textAt(window, at, '----')) {
      const end = footerEnd(window, at)
      if (end > 0 && (longest >= MIN_RUN || (broken === 0 && sum >= MIN_SUM))) {
        found(start, end)
        return
      }
      break
    }
    row = BASE64[byte] === 1 ? row + 1 : 0
    sum += BASE64[byte] ?? 0
    longest = Math.max(longest, row)
    if (broken === 0 && BODY[byte] === 0) broken = at
  }
  withoutFooter(window, start, broken === 0 ? at : broken, found)
}

/** Behind the line `-----END …-----` that begins here; 0 if none does. */
function footerEnd(window: Window, at: number): number {
  const dashes = dashesBehind(window, at)
  const word = byteAt(window, dashes) === 0x20 ? dashes + 1 : dashes
  if (!wordAt(window, word, 'end')) return 0
  const title = runEnd(window, word, word + MAX_TITLE_BYTES, TITLE)
  return dashesBehind(window, title)
}

function withoutFooter(window: Window, start: number, end: number, found: Found): void {
  const count = latin1(window, start, end).replace(/[^A-Za-z0-9+/]/g, '').length
  if (end >= start + LIMIT_BYTES) found(start, start + LIMIT_BYTES, BODY)
  else if (count >= MIN_SUM) found(start, end)
}

const ENCODED = classOf('0-9A-Za-z+/=_-')
const HEAD_CHARACTERS = 96

function encoded(window: Window, start: number, found: Found): void {
  const head = Buffer.from(latin1(window, start, start + HEAD_CHARACTERS), 'base64').toString('latin1')
  if (!head.includes('PRIVATE KEY')) return
  const end = longRunEnd(window, start, start + LIMIT_BYTES, ENCODED)
  if (end === start + LIMIT_BYTES) found(start, end, ENCODED)
  else if (end - start > HEAD_CHARACTERS) found(start, end)
}
