import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { JsonObject } from '../../core/json.ts'
import type { MaskPlan, MaskRule } from '../port.ts'
import { StarMasker } from './masker.fixture.ts'
import { type CountingMasker, readOf, StreamedObjects } from './object-masking.ts'
import { prepareObjectRead } from './object-read.ts'

const rule = (detect: string[], more: Partial<MaskRule> = {}): MaskRule => ({
  fields: [],
  detect,
  as: 'full',
  otherObjects: 'deny',
  ...more,
})

const plan = (rules: readonly MaskRule[], parameters: JsonObject = {}): MaskPlan => ({
  call: { service: 's3', operation: 'GetObject', protocol: 'rest-xml', parameters },
  rules,
  object: true,
})

function replyOf(bytes: Buffer): { status: number; headers: []; body: Readable } {
  return { status: 200, headers: [], body: Readable.from([bytes], { objectMode: false }) }
}

async function read(body: Readable | Buffer): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const hashKey = Buffer.alloc(32)

function masking(asked: string[] = [], compiled: string[] = []): StreamedObjects {
  return new StreamedObjects({
    hashKey,
    detectors: names => {
      compiled.push(names.join(' '))
      return {
        stream: ({ form }): CountingMasker => {
          asked.push(`${form}: ${names.join(' ')}`)
          return Object.assign(new StarMasker(), { count: 1 })
        },
      }
    },
  })
}

test('detectors are compiled once', async () => {
  const compiled: string[] = []
  const objects = masking([], compiled)
  for (let read = 0; read < 3; read++) {
    await objects.mask(plan([rule(['a', 'b']), rule(['b'], { as: 'hash' })]), replyOf(Buffer.from('x')))
  }
  assert.deepEqual(compiled, ['a b', 'b'])
})

test('the detectors of a form look together, the strictest form first', async () => {
  const asked: string[] = []
  const rules = [
    rule(['email'], { as: 'partial' }),
    rule([], { fields: ['Body'] }),
    rule(['iban', 'email']),
    rule(['card']),
    rule(['ssn'], { as: 'hash' }),
  ]
  const { body, summary } = await masking(asked).mask(plan(rules), replyOf(Buffer.from('a SECRET')))
  assert.equal(await read(body), 'a ******')
  assert.deepEqual(asked, ['full: iban email card', 'hash: ssn', 'partial: email'])
  assert.deepEqual(await summary, {
    fields: [],
    detected: [
      { name: 'iban, email, card', count: 1 },
      { name: 'ssn', count: 1 },
      { name: 'email', count: 1 },
    ],
    values: 3,
  })
})

test('other objects pass if every rule that detects lets them', async () => {
  const binary = Buffer.from([0, 1, 2])
  const pass = { otherObjects: 'pass' } as const
  await assert.rejects(masking().mask(plan([rule(['a']), rule(['b'], pass)]), replyOf(binary)), {
    code: 'object-unmaskable',
  })
  const fields = rule([], { fields: ['Metadata.*'] })
  const { body } = await masking().mask(plan([fields, rule(['b'], pass)]), replyOf(binary))
  assert.equal(await read(body), '\0\x01\x02')
})

test('the parameters of a call say what its request says', () => {
  const parameters = {
    Bucket: 'b',
    Range: 'bytes=1-2',
    ResponseContentType: 'text/plain; a="ü"'.replace('ü', 'u'),
    ResponseContentEncoding: 'identity',
    ResponseCacheControl: 'no-store',
  }
  const { read: wanted } = prepareObjectRead({
    headers: [['range', 'bytes=1-2']],
    query:
      'response-content-type=text%2Fplain%3B%20a%3D%22u%22&response-content-encoding=identity&response-cache-control=no-store',
  })
  assert.deepEqual(readOf(parameters), wanted)
  assert.equal(readOf({ PartNumber: 3 }).part, true)
})

test('a body that breaks has no summary, and nobody needs to ask for it', async () => {
  const stored = new Readable({ read: () => undefined })
  stored.push('x'.repeat(200_000))
  const { body, summary } = await masking().mask(plan([rule(['a'])]), {
    status: 200,
    headers: [],
    body: stored,
  })
  setImmediate(() => stored.destroy(new Error('reset')))
  await assert.rejects(read(body), { message: 'reset' })
  await assert.rejects(summary, { message: 'reset' })
  const left = await masking().mask(plan([rule(['a'])]), replyOf(Buffer.from('text')))
  if (left.body instanceof Readable) left.body.destroy()
  await assert.rejects(left.summary, { code: 'client-gone' })
})
