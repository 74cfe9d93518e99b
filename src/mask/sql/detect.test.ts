import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileDetectors } from '../detect/set.ts'
import { detectingMask } from './detect.ts'

const SET = compileDetectors(['email-address', 'credit-card'], new Map())
const HASH_KEY = Buffer.alloc(32, 7)
const FINDER = { mask: (text: string) => SET.maskText(text, { form: 'full', hashKey: HASH_KEY }) }
const CANARY = 'canary@example.com'
const CARD = '4111111111111111'

function masked(type: number, format: 0 | 1, value: Buffer | string): string | null {
  const bytes = Buffer.from(value as string)
  const mask = detectingMask({ type, format }, FINDER)
  const out = mask === undefined ? bytes : mask(bytes)
  return out === null ? null : out.toString('utf8')
}

describe('what is found in values', () => {
  it('is replaced where it stands in texts, and in arrays of them', () => {
    assert.equal(masked(25, 0, `to ${CANARY}, ok`), 'to ~mask~, ok')
    assert.equal(masked(1043, 1, CANARY), '~mask~')
    assert.equal(masked(1009, 0, `{a,${CANARY}}`), '{a,~mask~}')
    assert.equal(masked(25, 0, 'nothing'), 'nothing')
  })

  it('leaves JSON that can be read', () => {
    assert.equal(masked(114, 0, `{"a": "${CANARY}"}`), '{"a": "~mask~"}')
    assert.equal(masked(3802, 1, `\u0001{"a": ${CARD}}`), '\u0001"~mask~"')
    assert.equal(masked(114, 0, '{"a": "can\\u0061ry@ex\\u0061mple.com"}'), '"~mask~"')
    assert.equal(masked(114, 0, '{"a": "\\n"}'), '{"a": "\\n"}')
  })

  it('makes NULL of what may hold text in a form of its own', () => {
    assert.equal(masked(17, 0, `\\x${Buffer.from(CANARY).toString('hex')}`), null)
    assert.equal(masked(17, 1, CANARY), null)
    assert.equal(masked(2249, 0, `(1,${CANARY})`), null)
    assert.equal(masked(99999, 1, `\u0000\u0000${CANARY}\u0000`), null)
    assert.equal(masked(1009, 1, `\u0000\u0001 ${CANARY}`), null)
  })

  it('is not looked for in numbers and moments', () => {
    for (const type of [20, 23, 1700, 1082, 1184, 2950]) {
      assert.equal(detectingMask({ type, format: 0 }, FINDER), undefined)
    }
  })

  it('never shows an address, whatever type and format it comes in', () => {
    const types = fc.constantFrom(18, 19, 25, 114, 142, 705, 1009, 1042, 1043, 2249, 3802, 3807, 50_000)
    const plain = fc.string({ unit: fc.constantFrom(' ', ',', ';', '{', '(', '\n') })
    fc.assert(
      fc.property(types, fc.constantFrom<0 | 1>(0, 1), plain, plain, (type, format, before, after) => {
        const out = masked(type, format, `${before} ${CANARY} ${after}`)
        assert.ok(out === null || !out.includes('canary'), String(out))
      }),
    )
  })
})
