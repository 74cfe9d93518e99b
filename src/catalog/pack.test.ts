import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { writePack } from '../../tools/catalog/pack.ts'
import { GateError } from '../core/errors.ts'
import { CATALOG_PATH, loadCatalog } from './load.ts'
import { Pack } from './pack.ts'

function isDamage(error: unknown): boolean {
  return error instanceof GateError && error.code === 'catalog-damaged'
}

test('what is packed is unpacked', () => {
  const name = fc.stringMatching(/^[a-z/-]{1,20}$/)
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'grapheme' }), { noNullPrototype: true }), chunks => {
      const pack = new Pack(writePack(new Map(Object.entries(chunks))))
      assert.deepEqual(pack.names, Object.keys(chunks))
      for (const [key, text] of Object.entries(chunks)) assert.equal(pack.text(key), text)
      assert.throws(() => pack.text('NO SUCH'), isDamage)
    }),
    { numRuns: 30 },
  )
})

test('a file that was cut or changed at its head is refused', () => {
  const bytes = writePack(
    new Map([
      ['one', 'first '.repeat(50)],
      ['two', 'second'],
    ]),
  )
  for (let end = 0; end < bytes.length; end++) assert.throws(() => new Pack(bytes.subarray(0, end)), isDamage)
  for (const extra of [1, 100]) {
    assert.throws(() => new Pack(Buffer.concat([bytes, Buffer.alloc(extra)])), isDamage)
  }
  const magic = Buffer.from(bytes)
  magic[0] = 0
  assert.throws(() => new Pack(magic), isDamage)
})

test('a changed file never has an effect but an error of its own or another text', () => {
  const bytes = writePack(new Map([['one', 'some text that is long enough to be compressed, text text']]))
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const changed = Buffer.from(bytes)
      changed[place] = (changed[place] ?? 0) ^ change
      try {
        new Pack(changed).text('one')
      } catch (error) {
        assert.ok(isDamage(error))
      }
    }),
  )
})

test('a missing file has the same error', () => {
  assert.throws(() => loadCatalog('/nonexistent/catalog.pack'), isDamage)
})

test('the catalog stays under 4 MB', () => {
  assert.ok(readFileSync(CATALOG_PATH).length < 4 * 1024 * 1024)
})
