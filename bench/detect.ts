/**
 * What the built-in detectors of masks do in a second on one core, beside the same patterns in plain `RegExp` over
 * the whole text and in RE2JS: on logs, JSON, CSV with a hit in every hundredth line, and lines full of hits.
 * `node bench/detect.ts [--quick]`
 */

import { RE2JS } from 're2js'
import { compileDetectors, DETECTOR_NAMES, type DetectorSet } from '../src/mask/detect/set.ts'

const QUICK = process.argv.includes('--quick')
const BYTES = QUICK ? 400_000 : 4_000_000
const ROUNDS = QUICK ? 1 : 5
const CHUNK_BYTES = 64 * 1024

/** What somebody would write in their place: no checks behind them, so they find more. */
const PATTERNS: readonly string[] = [
  '[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\\.[A-Za-z]{2,63}',
  '\\+[0-9][0-9 ().-]{7,20}|\\(?[2-9][0-9]{2}\\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}',
  '\\b[0-9](?:[ -]?[0-9]){12,18}\\b',
  '\\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\\b',
  '\\b[0-9]{3}-[0-9]{2}-[0-9]{4}\\b',
  '\\bA[KS]IA[A-Z0-9]{16}\\b',
  '-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----',
  'eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{4,}\\.[A-Za-z0-9_-]*',
  '(?i)bearer +[A-Za-z0-9._~+/=-]{16,}',
  '(?:ghp_|gho_|xox[abp]-|sk_live_|glpat-)[A-Za-z0-9_-]{16,}',
  '(?i)secret.{0,40}[A-Za-z0-9/+]{40}',
  'X-Amz-(?:Signature|Security-Token)=[A-Za-z0-9%+/=-]{16,}',
]

function filled(line: (i: number) => string): Buffer {
  const lines: string[] = []
  for (let i = 0, size = 0; size < BYTES; i++) {
    const text = line(i)
    lines.push(text)
    size += text.length
  }
  return Buffer.from(lines.join(''))
}

/** Eight hexadecimal digits that look like chance, and are the same in every run. */
function hex(i: number): string {
  return (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
}

const TEXTS: readonly (readonly [name: string, bytes: Buffer])[] = [
  [
    'log',
    filled(
      i =>
        `2026-03-09T12:34:${10 + (i % 50)}.${100 + (i % 900)}Z INFO [worker-${i % 16}] request ` +
        `${hex(i)}-${hex(i + 7).slice(4)}-4${hex(i + 9).slice(5)} GET /api/v1/items/${i} 200 in ${i % 300} ms\n`,
    ),
  ],
  [
    'JSON',
    filled(i =>
      JSON.stringify({
        InstanceId: `i-0${hex(i)}`,
        State: { Code: 16, Name: 'running' },
        Tags: [{ Key: 'Name', Value: `web server ${i}` }],
        LaunchTime: '2026-03-09T12:34:31.000Z',
      }),
    ),
  ],
  [
    'CSV, 1% of lines with hits',
    filled(i =>
      i % 100 === 0
        ? `${i},alice${i}@example.com,4242 4242 4242 4242,ok\n`
        : `${i},Some Name,Berlin,${i % 1000}.25,ok,2026-01-${10 + (i % 20)}\n`,
    ),
  ],
  ['CSV, three hits a line', filled(i => `alice${i}@example.com,4242 4242 4242 4242,123-45-6789\n`)],
]

const set = compileDetectors(DETECTOR_NAMES, new Map())
const hashKey = Buffer.alloc(32, 1)

function ours(bytes: Buffer): number {
  return through(set, bytes)
}

function through(detectors: DetectorSet, bytes: Buffer): number {
  const stream = detectors.stream({ form: 'full', hashKey, sameLength: true })
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) stream.push(bytes.subarray(at, at + CHUNK_BYTES))
  stream.end()
  return stream.count
}

const regexps = PATTERNS.map(pattern =>
  pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'gi') : new RegExp(pattern, 'g'),
)
const linear = PATTERNS.map(pattern => RE2JS.compile(pattern))

function plain(bytes: Buffer): number {
  const text = bytes.toString('latin1')
  return regexps.reduce((count, regexp) => count + (text.match(regexp)?.length ?? 0), 0)
}

function re2(bytes: Buffer): number {
  return linear.reduce((count, regex) => {
    const matcher = regex.matcher(bytes)
    let found = 0
    while (matcher.find()) found++
    return count + found
  }, 0)
}

const ownSet = compileDetectors(
  PATTERNS.map((_, i) => `own-${i}`),
  new Map(PATTERNS.map((pattern, i) => [`own-${i}`, pattern])),
)

/** RE2JS as the gate runs it: whether there is a match first, in many lines at once, and where only then. */
function asOwn(bytes: Buffer): number {
  return through(ownSet, bytes)
}

/** Megabytes a second of processor time, the median of some rounds. */
function median(work: (bytes: Buffer) => number, bytes: Buffer, rounds: number): number {
  const rates = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage()
    work(bytes)
    const { user, system } = process.cpuUsage(before)
    return bytes.length / (user + system)
  })
  return rates.sort((a, b) => a - b)[rounds >> 1] ?? 0
}

for (const [name, bytes] of TEXTS) {
  ours(bytes)
  const small = bytes.subarray(0, BYTES / 8)
  const row = [
    median(ours, bytes, ROUNDS),
    median(plain, bytes, 3),
    median(re2, small, 3),
    median(asOwn, small, 3),
  ]
  const [detectors = 0, regexp = 0, re2js = 0, owned = 0] = row.map(Math.round)
  console.log(
    `detect ${name}: ${detectors} MB/s; RegExp ${regexp} MB/s; RE2JS ${re2js} MB/s, as patterns of one's own ${owned} MB/s`,
  )
}

const hostile = Buffer.alloc(1_000_000, 'eyJhbGciOi.')
const start = performance.now()
ours(hostile)
console.log(`detect a hostile text: 1 MB in ${Math.round(performance.now() - start)} ms`)

// V8 goes back twice as often for each further character.
const backtracking = /^(?:a+)+$/
const text = `${'a'.repeat(24)}!`
const begun = performance.now()
backtracking.test(text)
const took = performance.now() - begun
const own = compileDetectors(['own'], new Map([['own', '^(?:a+)+$']]))
const again = performance.now()
own.maskText(text, { form: 'full', hashKey })
console.log(
  `detect a hostile text, with a pattern of one's own: 25 characters in ${(performance.now() - again).toFixed(1)} ms; RegExp ${took.toFixed(0)} ms`,
)
