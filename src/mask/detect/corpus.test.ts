import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compileDetectors, DETECTOR_NAMES } from './set.ts'

const folder = join(import.meta.dirname, '../../../vectors/detect')
const masking = { form: 'null', hashKey: Buffer.alloc(32, 1) } as const

interface Corpus {
  readonly detector: string
  readonly positives: readonly string[]
  readonly nearMisses: readonly string[]
}

const read = <T>(file: string): T => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T

/** The text without what is found. */
function marked(names: readonly string[], text: string): string {
  const set = compileDetectors(names, new Map())
  const { text: masked } = set.maskText(text, masking)
  return masked
}

const without = (text: string): string => text.replace(/«[^»]*»/gs, '')
const plain = (text: string): string => text.replace(/[«»]/g, '')

test('every detector has a corpus, and each has twenty of both', () => {
  const files = readdirSync(folder).filter(file => file !== 'false-alarms.json')
  assert.deepEqual(files.sort(), DETECTOR_NAMES.map(name => `${name}.json`).sort())
  for (const file of files) {
    const { positives, nearMisses } = read<Corpus>(file)
    assert.ok(positives.length >= 20 && nearMisses.length >= 20, file)
  }
})

for (const name of DETECTOR_NAMES) {
  const { positives, nearMisses } = read<Corpus>(`${name}.json`)
  test(`${name} finds what it should, and no more`, () => {
    for (const text of positives) assert.equal(marked([name], plain(text)), without(text), plain(text))
    for (const text of nearMisses) assert.equal(marked([name], text), text)
  })
  test(`${name} finds the same in bytes`, () => {
    const set = compileDetectors([name], new Map())
    for (const text of positives.filter(one => !/[\u0660-\u0669\uff10-\uff20\u2013]/.test(one))) {
      const stream = set.stream({ form: 'full', hashKey: masking.hashKey, sameLength: true })
      const out = Buffer.concat([stream.push(Buffer.from(plain(text))), stream.end()])
      const expected = text.replace(/«([^»]*)»/gs, (_, value: string) => {
        const bytes = Buffer.byteLength(value)
        return bytes < 6 ? '*'.repeat(bytes) : `~mask~${'*'.repeat(bytes - 6)}`
      })
      assert.equal(out.toString(), expected)
    }
  })
}

test('no detector finds anything in ordinary text', () => {
  const { texts } = read<{ texts: readonly string[] }>('false-alarms.json')
  const set = compileDetectors(DETECTOR_NAMES, new Map())
  for (const text of texts) assert.equal(set.maskText(text, masking).text, text)
  assert.equal(set.maskText(texts.join('\n'), masking).text, texts.join('\n'))
})
