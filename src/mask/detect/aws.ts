import { MARKER } from '../marker.ts'
import {
  BASE64,
  byteAt,
  classOf,
  endsWord,
  HEX,
  isAt,
  isBehindEscape,
  latin1,
  longRunEnd,
  runEnd,
  runStart,
  textAt,
  type Window,
  wordAt,
} from './bytes.ts'
import { anyCase, type Detector, exactly, type Found, LIMIT_BYTES, type Trigger } from './detector.ts'

/**
 * Credentials of AWS. A key id begins with `AKIA` or `ASIA`. A secret key is forty characters of base64 and
 * nothing else, so it is looked for only next to a key id or behind the word `secret`. A session token begins
 * as all of them do, or stands behind its name.
 */

const UPPER = classOf('A-Z0-9')
const MIN_ID_CHARACTERS = 16
const MAX_ID_CHARACTERS = 124
const SECRET_CHARACTERS = 40
/** How far from a key id, or behind the word, a secret is looked for. */
const NEAR_BEFORE_BYTES = 128
const NEAR_BEHIND_BYTES = 256
const NEAR_WORD_BYTES = 96
const MIN_TOKEN_CHARACTERS = 64
const ID: Trigger = ['A', 'KS', 'I']

export const awsAccessKey: Detector = {
  name: 'aws-access-key',
  anchors: [
    {
      triggers: [ID],
      look: (window, at, found) => {
        const end = keyIdEnd(window, at)
        if (end > 0) found(at, end)
      },
    },
  ],
}

/** Behind the key id that begins here; 0 if none does. */
function keyIdEnd(window: Window, at: number): number {
  if (byteAt(window, at + 3) !== 0x41) return 0
  if (isAt(window, at - 1, UPPER) && !isBehindEscape(window, at)) return 0
  const end = runEnd(window, at + 4, at + 4 + MAX_ID_CHARACTERS, UPPER)
  return end - at - 4 >= MIN_ID_CHARACTERS ? end : 0
}

export const awsSecretKey: Detector = {
  name: 'aws-secret-key',
  anchors: [
    {
      triggers: [ID],
      look: (window, at, found) => {
        const end = keyIdEnd(window, at)
        if (end === 0) return
        secrets(window, at - NEAR_BEFORE_BYTES, at, found)
        secrets(window, end, end + NEAR_BEHIND_BYTES, found)
      },
    },
    {
      triggers: [anyCase('sec')],
      look: (window, at, found) => {
        if (wordAt(window, at, 'secret')) secrets(window, at + 6, at + 6 + NEAR_WORD_BYTES, found)
      },
    },
  ],
  members: /secret/i,
  lookAtStart: (window, found) => secrets(window, window.floor, window.floor + NEAR_BEHIND_BYTES, found),
}

/** Every run of exactly forty characters that begins in `[from, to)`. */
function secrets(window: Window, from: number, to: number, found: Found): void {
  let at = Math.max(from, window.floor)
  // Not from within a run.
  at = runEnd(window, at, at + (isBase64(window, at - 1) ? NEAR_BEFORE_BYTES : 0), BASE64)
  while (at < to && at < window.ceiling) {
    const start = at
    let characters = 0
    for (let bytes = characterAt(window, at); bytes > 0; bytes = characterAt(window, at)) {
      at += bytes
      characters++
      if (characters > SECRET_CHARACTERS + 4 && at >= to) return
    }
    if (characters === SECRET_CHARACTERS && isMixed(window, start, at)) found(start, at)
    // The letter of an escape before it looks as if it were of the run: `\n`.
    else if (characters === SECRET_CHARACTERS + 1 && isBehindEscape(window, start + 1)) found(start, at)
    else if (characters === 0 && byteAt(window, at) === 0x7e && textAt(window, at, MARKER)) return
    else if (characters === 0) at++
  }
}

function isBase64(window: Window, at: number): boolean {
  return isAt(window, at, BASE64)
}

/** The bytes of one character of base64, also as `\/`, `%2F` and `%2B`; 0: none. */
function characterAt(window: Window, at: number): number {
  if (isBase64(window, at)) return 1
  const byte = byteAt(window, at)
  if (byte === 0x5c) return byteAt(window, at + 1) === 0x2f ? 2 : 0
  return byte === 0x25 && (wordAt(window, at, '%2f') || wordAt(window, at, '%2b')) ? 3 : 0
}

/** Upper and lower case and a digit, a slash or a plus: no hash in hex, no word. */
function isMixed(window: Window, start: number, end: number): boolean {
  if (runEnd(window, start, end, HEX) === end || byteAt(window, end) === 0x3d) return false
  const text = latin1(window, start, end)
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9/+]/.test(text)
}

const SESSION = classOf('0-9A-Za-z+/=%\\\\')
/** How every token began in the last ten years, and what stands there at other places of the four bytes. */
const BEGINNINGS: readonly (readonly [trigger: string, back: number, text: string])[] = [
  ['IQo', 0, 'IQoJb3JpZ2lu'],
  ['goJ', 1, 'AgoJb3JpZ2lu'],
  ['woG', 1, 'FwoGZXIvYXdz'],
  ['QoG', 1, 'FQoGZXIvYXdz'],
  ['AQo', 0, 'AQoDYXdz'],
]

export const awsSessionToken: Detector = {
  name: 'aws-session-token',
  anchors: [
    ...BEGINNINGS.map(([trigger, back, text]) => ({
      triggers: [exactly(trigger)],
      look: (window: Window, at: number, found: Found): void => {
        if (textAt(window, at - back, text)) token(window, at - back, found)
      },
    })),
    {
      triggers: [anyCase('tok')],
      look: (window, at, found) => {
        if (!wordAt(window, at, 'token') || !isNamed(window, at)) return
        const start = valueBehind(window, at + 5)
        if (start > 0) token(window, start, found)
      },
    },
  ],
  members: /session.?token|security.?token/i,
  lookAtStart: (window, found) => token(window, window.floor, found),
}

/** `session_token`, `SecurityToken`. */
function isNamed(window: Window, token: number): boolean {
  const before = runStart(window, token - 1, token, classOf('-_ ')) - 'security'.length
  return wordAt(window, before, 'security') || wordAt(window, before + 1, 'session')
}

const BETWEEN = classOf(' :=>"\'\\,\t')
const MAX_BETWEEN_BYTES = 16

/** Where the value begins of what is named before; 0 if none does. */
function valueBehind(window: Window, at: number): number {
  const start = runEnd(window, at, at + MAX_BETWEEN_BYTES, BETWEEN)
  return start > at ? start : 0
}

function token(window: Window, start: number, found: Found): void {
  const end = longRunEnd(window, start, start + LIMIT_BYTES, SESSION)
  if (end - start < MIN_TOKEN_CHARACTERS) return
  if (end === start + LIMIT_BYTES) found(start, end, SESSION)
  else if (endsWord(window, end)) found(start, byteAt(window, end - 1) === 0x5c ? end - 1 : end)
}
