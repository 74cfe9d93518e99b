import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOf } from './plan.ts'
import { type Match, scan } from './scan.ts'
import { compileDetectors, DETECTOR_NAMES } from './set.ts'

/**
 * Texts that would make a careless reader go over the same bytes again and again. What the detectors read is
 * counted, not timed.
 */
const HOSTILE: readonly string[] = [
  '@',
  'a@',
  'a@b.',
  '%40',
  'a%40',
  '\\u0040',
  '&#64;',
  'a=a@',
  '-a=',
  '.',
  'a.b@',
  '\\',
  '\\\\',
  '\\n',
  '1',
  '12',
  '1234',
  '1234 ',
  '4242-',
  '4242 42',
  '42424242424242424',
  '1 ',
  '123-',
  '123-45-',
  '555-',
  '+1',
  '+1 5',
  '(',
  'DE',
  'DE8',
  'DE89',
  'DE89 ',
  'DE89370400440532',
  'de89',
  'AKIA',
  'AKIAA',
  'ASIA2',
  'AKIAIOSFODNN7EXAMPLE',
  'A',
  'secret',
  'secret ',
  'secretA1b',
  'SECRET/',
  'IQoJb3JpZ2lu',
  'FwoGZXIvYXdz',
  'session_token',
  'session_token=',
  'tok',
  'BEGIN',
  '-----BEGIN',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----a',
  '-',
  '---- ',
  '-----END',
  '-----BEGIN PRIVATE KEY-----\nQUJDQUJD\n----',
  'LS0tLS1CRUdJTi',
  'LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t',
  'LS0t',
  '0tL',
  'eyJ',
  'eyJh',
  'eyJhbGciOi',
  'eyJhbGciOi.',
  'eyJhbGciOiJIUzI1NiJ9.',
  'eyJhbGciOiJIUzI1NiJ9.a.',
  '.eyJ',
  'eyJ.',
  'bearer',
  'bearer ',
  'Bearer a1',
  'Bearer a1+',
  'authorization',
  'authorization:',
  'authorization: a ',
  'ghp_',
  'ghp_a',
  'xoxb-',
  'sk_live_',
  'SG.',
  'npm_',
  'hf_',
  'AIza',
  'AIza ',
  '&sig=',
  '&sig=a',
  'Signature=',
  '&Signature=',
  '&Signature=a',
  'X-Amz-Signature=',
  'X-Amz-Security-Token=',
  'signature',
  'phone',
  'phone ',
  'phone1',
  'phone: 1 ',
  'tel',
  'fax 1-',
  'card',
  'card 4',
  'ssn',
  'ssn 1',
  'ssn 123456789',
  'pan',
  '~mask~',
  '~mask~@',
  '\u00e9',
  '\u00e9@',
  '\u0000',
]

/** The most bytes that are read for each byte of text. */
const READS_PER_BYTE = 400
/** Enough for a reader that goes back to read hundreds of times as much. */
const SIZE = 4096

function readsOf(text: string): number {
  const bytes = Buffer.alloc(text.length + 8)
  bytes.write(text, 4, 'latin1')
  let reads = 0
  const counting = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) {
        reads++
        return target[Number(key)]
      }
      if (key === 'toString') {
        return (encoding: BufferEncoding, from: number, to: number) => {
          reads += Math.max(0, to - from)
          return target.toString(encoding, from, to)
        }
      }
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const matches: Match[] = []
  scan(plan, { bytes: counting, floor: 4, ceiling: 4 + text.length }, 2, 4 + text.length, matches)
  return reads
}

const set = compileDetectors(DETECTOR_NAMES, new Map())
const plan = planOf(set.detectors)

test('no text makes the detectors read more than so many times its length', () => {
  for (const part of HOSTILE) {
    const text = part.repeat(Math.ceil(SIZE / part.length)).slice(0, SIZE)
    const reads = readsOf(text) / SIZE
    assert.ok(reads < READS_PER_BYTE, `${part}: ${Math.round(reads)} reads for each byte`)
  }
})

test('a megabyte made for each detector is looked at', () => {
  const parts = [
    '-----BEGIN PRIVATE KEY-----',
    'AKIA',
    'secretA1b',
    'IQoJb3JpZ2lu',
    'eyJhbGciOi.',
    'Bearer a1+',
    '&sig=',
    '4242-',
    'DE89 ',
    '123-45-',
    'a@',
    'a=a@',
    '%40',
    'phone1',
  ]
  for (const part of parts) {
    const bytes = Buffer.alloc(1_000_000, part)
    const stream = set.stream({ form: 'full', hashKey: Buffer.alloc(32), sameLength: true })
    assert.equal(stream.push(bytes).length + stream.end().length, bytes.length)
  }
})
