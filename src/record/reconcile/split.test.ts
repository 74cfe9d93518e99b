import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { MAX_TRAIL_EVENT_BYTES, splitEvents } from './split.ts'

/** The texts in a file that comes in chunks of `size` bytes. */
async function split(file: string | Buffer, size = 7): Promise<string[]> {
  const bytes = Buffer.from(file)
  async function* chunks(): AsyncGenerator<Buffer, void> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const texts: string[] = []
  for await (const text of splitEvents(chunks(), 'file')) texts.push(text)
  return texts
}

const anyEvents = fc.array(
  fc.dictionary(fc.string({ unit: ANY_CHARACTER }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
  { maxLength: 5 },
)

const FORMS: readonly ((events: readonly object[]) => string)[] = [
  events => JSON.stringify({ Records: events }),
  events => JSON.stringify({ Events: events, NextToken: 'a"]}{' }, undefined, 4),
  events => JSON.stringify(events, undefined, 2),
  events => events.map(event => `${JSON.stringify(event)}\n`).join(''),
  events => `\ufeff${JSON.stringify({ Records: events })}\r\n${JSON.stringify({ Records: [] })}`,
]

test('whatever the form and however it comes, each event is found, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyEvents,
      fc.constantFrom(...FORMS),
      fc.integer({ min: 1, max: 400 }),
      async (events, form, size) => {
        // An event whose first member is `Records` would be taken for a document: CloudTrail has no such.
        fc.pre(events.every(event => !Object.hasOwn(event, 'Records') && !Object.hasOwn(event, 'Events')))
        const found = (await split(form(events), size)).map(text => JSON.parse(text))
        assert.deepEqual(found, JSON.parse(JSON.stringify(events)))
      },
    ),
    { numRuns: 400 },
  )
})

test('a file that ends early is an error wherever it is cut, for the lost event may be the one', async () => {
  const file = JSON.stringify({ Records: [{ a: '}"' }, { b: [1, { c: 2 }] }] })
  for (let length = 1; length < file.length; length++) {
    await assert.rejects(split(file.slice(0, length)), { code: 'events-unreadable' }, file.slice(0, length))
  }
})

test('what is no event and no separator is an error', async () => {
  for (const file of [
    '{"Records":[1]}',
    '{"Records":["a"]}',
    '{"Records":[{}]}x',
    '{"Records":[[{}]]}',
    '{}, {}',
    'null',
    '"{}"',
    ']',
    '[{}]]',
    '<html>',
  ]) {
    await assert.rejects(split(file), { code: 'events-unreadable' }, file)
  }
})

test('an event that is too long is refused before it is held', async () => {
  const file = Buffer.concat([
    Buffer.from('{"a":"'),
    Buffer.alloc(MAX_TRAIL_EVENT_BYTES, 'x'),
    Buffer.from('"}'),
  ])
  await assert.rejects(split(file, 65_536), {
    code: 'events-unreadable',
    message: '`file` cannot be read at event 1: it is longer than 4194304 bytes',
  })
})

test('nothing is in an empty file', async () => {
  assert.deepEqual(await split(''), [])
  assert.deepEqual(await split(' \n'), [])
})
