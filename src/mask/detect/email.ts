import {
  byteAt,
  classOf,
  HEX,
  isAt,
  isEscapeLetter,
  latin1,
  runEnd,
  textAt,
  type Window,
  wordAt,
} from './bytes.ts'
import { type Anchor, type Detector, exactly, type Found, type Trigger } from './detector.ts'

/**
 * E-mail addresses (RFC 5322 `dot-atom`, less what no address has in practice and more: UTF-8 of RFC 6531),
 * also where the `@` is written `%40`, `%2540`, `\u0040`, `&#64;`, `&#x40;` or `&commat;`. Not found: quoted
 * local parts (`"a b"@example.com`), comments, address literals (`a@[192.0.2.1]`), hosts without a dot.
 */

/** Five times what RFC 5321 allows; of what is longer still, the end is masked. */
const MAX_LOCAL_BYTES = 320
const MAX_DOMAIN_BYTES = 1024
const LOCAL = classOf("-A-Za-z0-9._%+~'!$^\u0080-\u00ff")
const DOMAIN = classOf('-A-Za-z0-9.\u0080-\u00ff')
/** Domains of version and file names, not of people: `react@18.2`, `icon@2x.png`, `getty@tty1.service`. */
const NO_DOMAIN =
  /^(?:\d{1,9}\.\d|\dx\.)|\.(?:png|jpe?g|gif|svg|webp|service|socket|timer|target|mount|slice|scope)$/i
/** A label that begins as a top-level domain does. */
const TOP_LEVEL = /\.(?:[a-z\u0080-\u00ff]{2}|xn--)/i

/** How else an `@` is written, by how it begins. */
const encodings: readonly (readonly [trigger: Trigger, back: number, texts: readonly string[]])[] = [
  [['', '%', '4'], -1, ['%40']],
  [['', '%', '2'], -1, ['%2540']],
  [exactly('\\u0'), 0, ['\\u0040']],
  [['&', '#', '06xX'], 0, ['&#64;', '&#064;', '&#x40;', '&#X40;', '&#x0040;']],
  [exactly('mma'), 3, ['&commat;']],
]

const plain: Anchor = {
  triggers: [['', '@', '']],
  look: (window, at, found) => address(window, at + 1, at + 2, found),
}

const encoded: readonly Anchor[] = encodings.map(([trigger, back, texts]) => ({
  triggers: [trigger],
  look: (window, at, found) => {
    const start = at - back
    const text = texts.find(one => textAt(window, start, one))
    if (text !== undefined) address(window, start, start + text.length, found)
  },
}))

export const emailAddress: Detector = { name: 'email-address', anchors: [plain, ...encoded] }

function address(window: Window, at: number, behindAt: number, found: Found): void {
  const start = localStart(window, at)
  if (start === at || (at - start === 6 && wordAt(window, start, '~mask~'))) return
  if (!isAt(window, behindAt, DOMAIN)) return
  let end = domainEnd(window, behindAt, at + MAX_DOMAIN_BYTES)
  if (end >= at + MAX_DOMAIN_BYTES) {
    found(start, end, DOMAIN)
    return
  }
  while (end > behindAt && (byteAt(window, end - 1) === 0x2e || byteAt(window, end - 1) === 0x2d)) end--
  const domain = latin1(window, behindAt, end).replaceAll('\\u', 'xx')
  if (!TOP_LEVEL.test(domain) || domain.startsWith('.') || NO_DOMAIN.test(domain)) return
  if (at - start === 3 && wordAt(window, start, 'git')) return
  found(start, end)
}

/** Goes back over the local part, through escaped letters (`\u00e9`) and addresses in addresses (VERP, `=`). */
function localStart(window: Window, at: number): number {
  const floor = Math.max(window.floor, at - MAX_LOCAL_BYTES)
  let start = at
  for (; start > floor; start--) {
    const byte = byteAt(window, start - 1)
    if (LOCAL[byte] === 1) continue
    if (byte === 0x3d && isReturnPath(window, start - 1, floor)) continue
    if (byte === 0x5c && isEscapedLetter(window, start - 1)) continue
    break
  }
  if (start > floor && isEscapedLetter(window, start - 1)) start--
  while (start < at && (byteAt(window, start) & 0xc0) === 0x80 && start === floor) start++
  while (start < at && byteAt(window, start) === 0x27) start++
  return start
}

/** `bounce+alice=example.org@lists.example.com`: the `+` or `-` before the `=` tells it from `to=alice@…`. */
function isReturnPath(window: Window, equals: number, floor: number): boolean {
  for (let at = equals - 1; at >= Math.max(floor, equals - 64) && isAt(window, at, LOCAL); at--) {
    if (byteAt(window, at) === 0x2b || byteAt(window, at) === 0x2d) return true
  }
  return false
}

/** `\u` and four digits that are no ASCII: a letter, of an address too. */
function isEscapedLetter(window: Window, backslash: number): boolean {
  if (byteAt(window, backslash + 1) !== 0x75 || !isEscapeLetter(window, backslash + 1)) return false
  if (runEnd(window, backslash + 2, backslash + 6, HEX) !== backslash + 6) return false
  return Number.parseInt(latin1(window, backslash + 2, backslash + 6), 16) >= 0x80
}

function domainEnd(window: Window, from: number, to: number): number {
  let end = runEnd(window, from, to, DOMAIN)
  while (end < to && byteAt(window, end) === 0x5c && isEscapedLetter(window, end)) {
    end = runEnd(window, end + 6, to, DOMAIN)
  }
  return end
}
