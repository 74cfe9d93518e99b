import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import { readCbor } from '../../src/wire/cbor/reader.ts'
import { writeCbor } from '../../src/wire/cbor/writer.ts'
import { readJson } from '../../src/wire/json/reader.ts'
import { writeJson } from '../../src/wire/json/writer.ts'
import { readXml } from '../../src/wire/xml/reader.ts'
import { writeXml } from '../../src/wire/xml/writer.ts'

/*
 * The readers of bodies under any bytes: they give a value that they would write and read as the same, or
 * they refuse with an error of their own.
 */

const RUNS = { numRuns: 2000 }

const seeds = [
  '{"TableName":"a","Key":{"id":{"S":"1"}},"n":[1,-0.5e3,true,null,12345678901234567890]}',
  '[{"\\u0061":"\\ud83d\\ude00\\n"},[],{},"",0]',
  '<?xml version="1.0" encoding="UTF-8"?><a xmlns="x"><b c="1">&lt;&#10;</b><d/><b> </b></a>',
  '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>k&amp;k</Key></Object></Delete>',
].map(text => Buffer.from(text))
const cborSeeds = [
  'bf61610161629f0203ffff',
  'a26161c11a514b67b06162c48221196ab3',
  '8a00203bffffffffffffffffc249010000000000000000f97e00fa47c35000fb3ff199999999999af4f6f7',
  '7f657374726561646d696e67ff',
].map(hex => Buffer.from(hex, 'hex'))

type Edit = readonly [kind: 'set' | 'cut' | 'copy', at: number, value: number]
const edit: fc.Arbitrary<Edit> = fc.tuple(fc.constantFrom('set', 'cut', 'copy'), fc.nat(), fc.nat())

function edited(seed: Buffer, edits: readonly Edit[]): Buffer {
  let bytes = Buffer.from(seed)
  for (const [kind, at, value] of edits) {
    const place = at % (bytes.length + 1)
    if (kind === 'set' && place < bytes.length) bytes[place] = value % 256
    if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + (value % 4))])
    if (kind === 'copy') {
      bytes = Buffer.concat([bytes, bytes.subarray(place, place + (value % 16))])
    }
  }
  return bytes
}

const anyText = fc.array(fc.constantFrom(...'{}[]":,\\/<>=&;!?-+.eE019 \n\tabtrufalsn'), { maxLength: 40 })
const bodies = fc.oneof(
  fc
    .tuple(fc.constantFrom(...seeds, ...cborSeeds), fc.array(edit, { maxLength: 5 }))
    .map(([seed, edits]) => edited(seed, edits)),
  fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)),
  anyText.map(characters => Buffer.from(characters.join(''))),
)

/** The reader's value; undefined where it refuses with an error of the right family. */
function readOrRefuse<T>(read: () => T, family: string): T | undefined {
  try {
    return read()
  } catch (error) {
    assert.ok(error instanceof GateError && error.code.startsWith(`${family}-`), String(error))
    assert.ok(error.message.isWellFormed() && error.message.length < 400)
    return undefined
  }
}

test('json: a value that JSON.parse agrees with, or a refusal', () => {
  fc.assert(
    fc.property(bodies, bytes => {
      const value = readOrRefuse(() => readJson(bytes), 'json')
      if (value === undefined) return
      assert.deepEqual(byPlatform(writeJson(value)), byPlatform(bytes.toString()))
      assert.deepEqual(readJson(Buffer.from(writeJson(value))), value)
    }),
    RUNS,
  )
})

/** As the platform reads it; the sign of a zero is not kept. */
function byPlatform(text: string): unknown {
  return JSON.parse(text, (_, item) => (item === 0 ? 0 : item))
}

test('xml: an element that is written and read as the same, or a refusal', () => {
  fc.assert(
    fc.property(bodies, bytes => {
      const element = readOrRefuse(() => readXml(bytes), 'xml')
      if (element !== undefined) assert.deepEqual(readXml(Buffer.from(writeXml(element))), element)
    }),
    RUNS,
  )
})

test('cbor: a value that is written and read as the same, or a refusal', () => {
  fc.assert(
    fc.property(bodies, bytes => {
      const value = readOrRefuse(() => readCbor(bytes), 'cbor')
      if (value !== undefined) assert.deepEqual(readCbor(writeCbor(value)), value)
    }),
    RUNS,
  )
})

test('a body cut anywhere is refused, not read in part', () => {
  for (const [read, family, whole] of [
    [readJson, 'json', seeds.slice(0, 2)],
    [readXml, 'xml', seeds.slice(2)],
    [readCbor, 'cbor', cborSeeds],
  ] as const) {
    for (const seed of whole) {
      assert.notEqual(
        readOrRefuse<unknown>(() => read(seed), family),
        undefined,
      )
      for (let end = 0; end < seed.length; end++) {
        assert.equal(
          readOrRefuse<unknown>(() => read(seed.subarray(0, end)), family),
          undefined,
        )
      }
    }
  }
})

test('time grows with the length only', () => {
  const size = 200_000
  const hostile = [
    '['.repeat(size),
    `{"a":${'['.repeat(60)}${'"\\u0061'.repeat(size / 10)}`,
    `[${'1'.repeat(size)}]`,
    `"${'\\n'.repeat(size)}"`,
    `<a>${'&amp;'.repeat(size)}</a>`,
    `<a ${'b="" '.repeat(size)}/>`,
    `<a${' '.repeat(size)}`,
    `<?xml ${' '.repeat(size)}`,
    `<?xml version="1.0"${'\t'.repeat(size)}x`,
    '<a>'.repeat(size),
  ].map(text => Buffer.from(text))
  const start = process.cpuUsage()
  for (const bytes of hostile) {
    readOrRefuse(() => readJson(bytes), 'json')
    readOrRefuse(() => readXml(bytes), 'xml')
    readOrRefuse(() => readCbor(bytes), 'cbor')
  }
  const { user } = process.cpuUsage(start)
  // A quadratic reader would take minutes.
  assert.ok(user < 20_000_000, `${user / 1000} ms`)
})
