import {
  ALNUM,
  byteAt,
  classOf,
  isAt,
  isBehindEscape,
  LETTER,
  latin1,
  longRunEnd,
  runEnd,
  TOKEN,
  textAt,
  type Window,
  wordAt,
} from './bytes.ts'
import { type Anchor, atWord, type Detector, exactly, type Found, LIMIT_BYTES } from './detector.ts'

/**
 * Tokens that open something to whoever bears them: behind `Bearer` or in an `Authorization` header (RFC 6750,
 * RFC 7617), and those of well-known services that begin in a way of their own.
 */

const MIN_BEARER_CHARACTERS = 16
const MIN_CREDENTIALS_CHARACTERS = 8
/** What may stand between a name and its value, quotes and escapes included. */
const BETWEEN = classOf(' \t:="\'\\+')
const MAX_BETWEEN_BYTES = 12
const SCHEME = classOf('-A-Za-z0-9')
const MAX_SCHEME_BYTES = 24

interface Prefixed {
  readonly prefix: string
  /** Where in the prefix the three bytes are that hardly any text has. */
  readonly at: number
  /** Characters behind the prefix, at least. */
  readonly least: number
}

const PREFIXED: readonly Prefixed[] = (
  'ghp_:1:36 gho_:1:36 ghu_:1:36 ghs_:1:36 ghr_:1:36 github_pat_:5:50 glpat-:2:20 gldt-:1:20 glrt-:1:20 ' +
  'xoxb-:0:20 xoxa-:0:20 xoxp-:0:20 xoxr-:0:20 xoxs-:0:20 xoxe-:0:20 xapp-:2:20 ' +
  'sk_live_:0:16 sk_test_:0:16 rk_live_:0:16 rk_test_:0:16 whsec_:3:20 sk-ant-:3:20 sk-proj-:2:20 ' +
  'npm_:1:36 pypi-:2:50 hf_:0:30 AIza:0:35 ya29.:1:20 SG.:0:40 shpat_:2:32 shpss_:3:32 shpca_:2:32 ' +
  'dop_v1_:3:64 dckr_pat_:2:20 glsa_:2:32 hvs.:1:24 lin_api_:2:32 '
)
  .trim()
  .split(' ')
  .map(entry => {
    const [prefix = '', at, least] = entry.split(':')
    return { prefix, at: Number(at), least: Number(least) }
  })

const BODY = classOf('-0-9A-Za-z_.')

const prefixed: readonly Anchor[] = PREFIXED.map(({ prefix, at: place, least }) => ({
  triggers: [exactly(prefix.slice(place, place + 3))],
  look: (window, met, found) => {
    const at = met - place
    if (!textAt(window, at, prefix)) return
    if (isAt(window, at - 1, ALNUM) && !isBehindEscape(window, at)) return
    report(window, at, longRunEnd(window, at, at + LIMIT_BYTES, BODY), least + prefix.length, found, BODY)
  },
}))

export const bearerToken: Detector = {
  name: 'bearer-token',
  anchors: [atWord('bearer', 0, behindBearer), atWord('authorization', 6, behindAuthorization), ...prefixed],
  members: /authorization|bearer/i,
  lookAtStart: (window, found) => {
    const start = window.floor
    const scheme = runEnd(window, start, start + MAX_SCHEME_BYTES, SCHEME)
    if (byteAt(window, scheme) === 0x20) credentials(window, scheme + 1, MIN_CREDENTIALS_CHARACTERS, found)
    else credentials(window, start, MIN_BEARER_CHARACTERS, found)
  },
}

function behindBearer(window: Window, at: number, found: Found): void {
  let name = at
  if (isAt(window, name, classOf('-_')) && wordAt(window, name + 1, 'token')) name += 6
  else if (wordAt(window, name, 'token')) name += 5
  const start = valueStart(window, name)
  if (start > name) credentials(window, start, MIN_BEARER_CHARACTERS, found)
}

/** `Authorization: Basic …`, `"authorization":"…"`, and whatever scheme there is. */
function behindAuthorization(window: Window, at: number, found: Found): void {
  const start = valueStart(window, at)
  if (start === at) return
  const scheme = runEnd(window, start, start + MAX_SCHEME_BYTES, SCHEME)
  const value = scheme > start && isAt(window, start, LETTER) ? valueStart(window, scheme) : start
  const blank =
    byteAt(window, scheme) === 0x20 || byteAt(window, scheme) === 0x25 || byteAt(window, scheme) === 0x2b
  if (blank && value > scheme) credentials(window, value, MIN_CREDENTIALS_CHARACTERS, found)
  else credentials(window, start, MIN_BEARER_CHARACTERS, found)
}

/** Behind blanks, quotes, a colon or an equals sign, also as `%20`, `%3A` and `%22`. */
function valueStart(window: Window, from: number): number {
  let at = from
  while (at < from + MAX_BETWEEN_BYTES) {
    if (isAt(window, at, BETWEEN)) at++
    else if (textAt(window, at, '%20') || wordAt(window, at, '%3a') || wordAt(window, at, '%22')) at += 3
    else break
  }
  return at
}

/** A token has a digit somewhere in its first characters, which words of prose do not. */
function credentials(window: Window, start: number, least: number, found: Found): void {
  const end = longRunEnd(window, start, start + LIMIT_BYTES, TOKEN)
  if (!/[0-9]|[a-z][A-Z]|==?$/.test(latin1(window, start, Math.min(end, start + 256)))) return
  report(window, start, end, least, found, TOKEN)
}

function report(
  window: Window,
  start: number,
  end: number,
  least: number,
  found: Found,
  of: Uint8Array,
): void {
  if (end >= start + LIMIT_BYTES) found(start, end, of)
  else if (end - start >= least && end <= window.ceiling) found(start, end)
}
