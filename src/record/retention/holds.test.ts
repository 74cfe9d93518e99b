import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryFiles } from '../memory-files.ts'
import { addHoldWord, type HoldWord, holdsPath, isHeld, isSessionId, readHolds } from './holds.ts'

const FOLDER = 'journal'
const word = (what: HoldWord['what'], session: string, timeMs = 1): HoldWord => ({
  what,
  session,
  timeMs,
  by: 'ana',
  ...(what === 'hold' ? { reason: 'case 17 ä€' } : {}),
})

test('the last word on a session counts, whatever was said of others', async () => {
  const sessions = fc.constantFrom('A', 'B', 'C')
  const said = fc.array(fc.tuple(fc.constantFrom('hold' as const, 'release' as const), sessions))
  await fc.assert(
    fc.asyncProperty(said, async words => {
      const place = { files: new MemoryFiles(), folder: FOLDER }
      const expected = new Map<string, boolean>()
      for (const [what, session] of words) {
        await addHoldWord(place, word(what, session))
        expected.set(session, what === 'hold')
      }
      for (const session of ['A', 'B', 'C']) {
        assert.equal(await isHeld(place, session), expected.get(session) === true)
      }
    }),
  )
})

test('a word counts when it is durable, and what a crash left of one keeps everything', async () => {
  const files = new MemoryFiles()
  const place = { files, folder: FOLDER }
  await addHoldWord(place, word('hold', 'A'))
  const whole = Buffer.from(files.bytes(holdsPath(FOLDER)))
  await addHoldWord(place, word('release', 'A'))
  const both = Buffer.from(files.bytes(holdsPath(FOLDER)))
  files.powerCut()
  assert.equal(await isHeld(place, 'A'), false)
  for (let length = whole.length + 1; length < both.length; length++) {
    files.put(holdsPath(FOLDER), Buffer.from(both.subarray(0, length)))
    await assert.rejects(isHeld(place, 'A'), { code: 'holds-unreadable' })
  }
  const holds = await addHoldWord(place, word('hold', 'B'))
  assert.deepEqual([...holds.keys()], ['A', 'B'])
  assert.deepEqual([...(await readHolds(place)).keys()], ['A', 'B'])
})

test('whatever byte is changed, it is the same words, another reason, or nothing can be removed', async () => {
  const files = new MemoryFiles()
  const place = { files, folder: FOLDER }
  await addHoldWord(place, word('hold', 'SESSION1'))
  await addHoldWord(place, word('hold', 'SESSION2'))
  const bytes = Buffer.from(files.bytes(holdsPath(FOLDER)))
  let refused = 0
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = 0x07
    files.put(holdsPath(FOLDER), changed)
    await readHolds(place).catch(error => {
      assert.equal(error.code, 'holds-unreadable')
      refused++
    })
  }
  assert.equal(refused, bytes.length, 'a control character stands in no JSON as it is')
})

test('two commands at once do not lose a word of each other', async () => {
  const files = new MemoryFiles()
  const place = { files, folder: FOLDER }
  const results = await Promise.allSettled([
    addHoldWord(place, word('hold', 'A')),
    addHoldWord(place, word('hold', 'B')),
  ])
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.equal((await readHolds(place)).size, 1)
})

test('an id that could stand in events in another spelling is none', () => {
  for (const id of ['', 'a"b', 'a b', 'ä', '../x', 'a\n', 'x'.repeat(65)])
    assert.equal(isSessionId(id), false)
  assert.equal(isSessionId('01JGJVS4G80000000000000001'), true)
})
