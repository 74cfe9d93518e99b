import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MaskForm } from '../../core/decision.ts'
import { planOf } from './plan.ts'
import { compileDetectors, DETECTOR_NAMES, type DetectorSet } from './set.ts'
import { DetectStream } from './stream.ts'

const folder = join(import.meta.dirname, '../../../vectors/detect')
const hashKey = Buffer.alloc(32, 9)
const own = new Map([
  ['employee', 'EMP-[0-9]{6}'],
  ['project', '(?i)project\\s+x[a-z]*'],
  ['quoted', 'quote=[^;]+'],
])
const everything = compileDetectors([...DETECTOR_NAMES, ...own.keys()], own)
const plan = planOf(everything.detectors)
const forms: readonly MaskForm[] = ['full', 'partial', 'hash', 'null']

/** The smallest buffer that holds what a stream holds back. */
const SMALL_BYTES = 56 * 1024
const LARGE_BYTES = 4 * 1024 * 1024

function run(
  pieces: readonly Uint8Array[],
  form: MaskForm,
  capacity: number,
  set: DetectorSet = everything,
): Buffer {
  const stream = new DetectStream(
    set,
    set === everything ? plan : planOf(set.detectors),
    { form, hashKey },
    capacity,
  )
  const out = pieces.map(piece => stream.push(piece))
  return Buffer.concat([...out, stream.end()])
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places)].filter(place => place < bytes.length).sort((a, b) => a - b)
  return [0, ...sorted].map((place, i) => bytes.subarray(place, sorted[i] ?? bytes.length))
}

const found = readdirSync(folder)
  .filter(file => file !== 'false-alarms.json')
  .flatMap(file => {
    const corpus = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    return [...corpus.positives, ...corpus.nearMisses] as string[]
  })
  .map(text => text.replace(/[«»]/g, ''))
  .concat(['EMP-123456', 'project   xylophone', 'quote=a b c;', 'Project\nX', '\\nEMP-123456\\n'])

const fragment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...found) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ' ',
      '\n',
      ',',
      '"',
      '\\',
      '.',
      '0',
      'a',
      '@',
      '~mask~',
      '\u0000',
      '%',
      '\r\n',
      'é',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
)
/** Long enough to be beyond every limit. */
const longRun = fc
  .tuple(
    fc.constantFrom('a', 'x.', 'eyJ', 'A1', '/+', 'EMP-123456', 'a@b.cd ', '4242 ', 'x=', '\\n', '-', 'a\n'),
    fc.integer({ min: 1, max: 40_000 }),
  )
  .map(([part, length]) => part.repeat(Math.ceil(length / part.length)))

test('a cut at every byte changes nothing', () => {
  for (const text of found.filter(one => one.length < 48)) {
    const bytes = Buffer.from(`{"a":"${text}"}`)
    const whole = run([bytes], 'partial', SMALL_BYTES)
    for (let at = 1; at < bytes.length; at++) {
      const stream = everything.stream({ form: 'partial', hashKey, sameLength: true })
      const cut = Buffer.concat([
        stream.push(bytes.subarray(0, at)),
        stream.push(bytes.subarray(at)),
        stream.end(),
      ])
      assert.ok(cut.equals(whole), `${text} at ${at}`)
    }
  }
})

test('what comes out does not depend on how the bytes were cut, nor on where the buffer was full', () => {
  const part = fc.oneof({ weight: 5, arbitrary: fragment }, { weight: 1, arbitrary: longRun })
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 25 }),
      fc.array(fc.nat(200_000), { maxLength: 12 }),
      fc.constantFrom(...forms),
      fc.integer({ min: 0, max: 9000 }),
      (parts, places, form, more) => {
        const bytes = Buffer.from(parts.join(''))
        const whole = run([bytes], form, LARGE_BYTES)
        assert.equal(whole.length, bytes.length)
        const cut = run(cutAt(bytes, places), form, SMALL_BYTES + 2 * more)
        if (!cut.equals(whole)) {
          let at = 0
          while (cut[at] === whole[at]) at++
          assert.equal(
            cut.subarray(at, at + 60).toString('latin1'),
            whole.subarray(at, at + 60).toString('latin1'),
            `at ${at}`,
          )
        }
      },
    ),
    { numRuns: 80 },
  )
})

test('a match at every place around the border of the buffer is found', () => {
  const secret = 'alice@example.com AKIAIOSFODNN7EXAMPLE 4242 4242 4242 4242 EMP-123456'
  for (let before = SMALL_BYTES - 20_000; before < SMALL_BYTES + 500; before += 211) {
    const bytes = Buffer.from(
      `${'lorem ip '.repeat(before).slice(0, before)} ${secret} ${'ut et '.repeat(8000)}`,
    )
    const out = run([bytes], 'full', SMALL_BYTES).toString()
    assert.doesNotMatch(out, /alice|AKIA|4242|EMP/, `behind ${before} bytes`)
  }
})

test('a stream masks what the text would mask', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 8 }), parts => {
      const text = parts.join(' ').replace(/[^\x00-\x7e]|[*]|~mask~/g, '_')
      const masked = everything.maskText(text, { form: 'full', hashKey }).text
      const bytes = run([Buffer.from(text)], 'full', SMALL_BYTES).toString('latin1')
      assert.equal(bytes.replace(/~mask~\**/g, '~mask~'), masked)
    }),
    { numRuns: 300 },
  )
})

test('what is masked stays as it is when it is masked again', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 8 }), fc.constantFrom(...forms), (parts, form) => {
      const bytes = Buffer.from(parts.join(' '))
      const once = run([bytes], form, SMALL_BYTES)
      assert.equal(run([once], form, SMALL_BYTES).toString('latin1'), once.toString('latin1'))
      // What became nothing leaves no mask behind.
      if (form === 'null') return
      const text = everything.maskText(parts.join(' '), { form, hashKey }).text
      assert.equal(everything.maskText(text, { form, hashKey }).text, text)
    }),
    { numRuns: 300 },
  )
})

test('JSON stays JSON', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 6 }), fc.constantFrom(...forms), (parts, form) => {
      const json = JSON.stringify({ a: parts.join(''), b: parts })
      assert.doesNotThrow(() => JSON.parse(run([Buffer.from(json)], form, SMALL_BYTES).toString()))
    }),
    { numRuns: 300 },
  )
})

test('a match beyond the limit is masked as long as it goes on', () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${'QUJD'.repeat(30_000)}\n`
  const rows: readonly [string, string][] = [
    [`x "${key}" y`, 'QUJD'],
    [`Bearer a1${'z'.repeat(300_000)} y`, 'zzzz'],
    [`${Buffer.from('{"alg":"none"}').toString('base64url')}.${'q'.repeat(300_000)} y`, 'qqqq'],
    [`aws_session_token=${'k'.repeat(300_000)} y`, 'kkkk'],
    [`X-Amz-Signature=${'s'.repeat(300_000)} y`, 'ssss'],
    [`a@${'dom.'.repeat(50_000)} y`, 'dom'],
    [`quote=${'w '.repeat(100_000)}\n y`, 'w w'],
  ]
  for (const [text, secret] of rows) {
    for (const form of forms) {
      const out = run([Buffer.from(text)], form, SMALL_BYTES).toString()
      assert.equal(out.includes(secret), false, `${secret} as ${form}`)
      assert.equal(out.length, text.length)
      assert.ok(out.endsWith(' y'))
      assert.ok(run([Buffer.from(text)], form, LARGE_BYTES).toString() === out, secret)
    }
  }
})

test('a stream counts, and ends once', () => {
  const stream = everything.stream({ form: 'full', hashKey, sameLength: true })
  stream.push(Buffer.from('alice@example.com, bob@example.com'))
  stream.end()
  assert.equal(stream.count, 2)
  assert.throws(() => stream.end(), RangeError)
  assert.throws(() => stream.push(Buffer.from('x')), RangeError)
})

test('a member that says what the text is counts as context', () => {
  const set = compileDetectors(['us-ssn', 'phone-number', 'aws-secret-key'], new Map())
  const masking = { form: 'full', hashKey } as const
  assert.equal(set.maskText('123456789', masking).count, 0)
  assert.equal(set.maskText('123456789', { ...masking, context: 'SSN' }).text, '~mask~')
  assert.equal(set.maskText('06 12 34 56 78', { ...masking, context: 'PhoneNumber' }).text, '~mask~')
  const stream = set.stream({ ...masking, sameLength: true, context: 'ssn' })
  stream.push(Buffer.from('123456789'))
  assert.equal(stream.end().toString(), '~mask~***')
})
