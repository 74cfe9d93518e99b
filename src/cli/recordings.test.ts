import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseQuery } from '../record/search/parse.ts'
import { SYNONYMS, TEXT_KEYS, TIME_KEYS } from '../record/search/query.ts'
import { answer, fakeGate } from './approvals/fake-gate.fixture.ts'
import { review } from './review.ts'
import { sessions } from './sessions.ts'

const page = readFileSync(new URL('../../docs/recordings.md', import.meta.url), 'utf8')

/** The words of the page's examples, as a POSIX shell would give them to the program. */
function examples(): string[][] {
  const lines = [...page.matchAll(/^sallyport (.+)$/gm)].map(([, line]) => line ?? '')
  return lines.map(line =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
  )
}

test('the examples of the book are understood', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer({ kind: 'role', of: 'x', issuedUntilMs: 0, keepUntilMs: 0 })]
  assert.ok(examples().length >= 6)
  for (const [command, ...args] of examples()) {
    if (args[0] === 'kill') {
      assert.equal((await gate.run(...args)).code, 0, args.join(' '))
      continue
    }
    const errors: string[] = []
    const ports = {
      files: { list: async () => [] },
      dataFolder: async () => 'nowhere',
      configuration: async () => ({ data: 'nowhere', roles: [] }),
      out: async () => undefined,
      err: (text: string) => errors.push(text),
      now: () => 0,
      terminal: { now: () => 0 },
    }
    const code =
      command === 'review' ? await review(args, ports as never) : await sessions(args, ports as never)
    // Understood: it is only the journal that is missing.
    assert.equal(code, 1, args.join(' '))
    assert.match(errors.join(''), /there is no journal/)
  }
})

test('the book names every key, and each that it names is one', () => {
  for (const key of [...TEXT_KEYS, ...TIME_KEYS, ...SYNONYMS.keys()])
    assert.ok(page.includes(`\`${key}:\``), key)
  const table = page.split('\n').filter(line => /^\| .*`[a-z]+:`/.test(line))
  for (const [, key] of table.join('\n').matchAll(/`([a-z]+):`/g)) {
    assert.doesNotThrow(() => parseQuery(`${key}:${key === 'since' || key === 'until' ? '1d' : 'x'}`, 0))
  }
})
