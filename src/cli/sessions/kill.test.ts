import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KillReply } from '../../contract/sessions.ts'
import { answer, fakeGate, TOKEN } from '../approvals/fake-gate.fixture.ts'

const SESSION = '01KAR5QJ3V0T8M2Y6N4C9XHD7B'
const ROLE = 'arn:aws:iam::123456789012:role/deploy'
const UNTIL = Date.UTC(2026, 0, 2, 3, 4, 5)
const ENDED: KillReply = { kind: 'session', of: SESSION, issuedUntilMs: UNTIL, keepUntilMs: UNTIL + 1 }
const WHY = ['--reason', 'it ran wild']

test('a session is ended by its id, without a question', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(ENDED)]
  const { code, out } = await gate.run('kill', SESSION, ...WHY)
  assert.equal(code, 0)
  assert.equal(out, `ended ${SESSION}\n`)
  assert.deepEqual(gate.got, [
    {
      method: 'POST',
      path: `/v1/sessions/${SESSION}/kill`,
      authorization: `Bearer ${TOKEN}`,
      body: { reason: 'it ran wild' },
    },
  ])
  assert.deepEqual(JSON.parse((await gate.run('kill', SESSION, ...WHY, '--json')).out), ENDED)
})

test('all of a role or a principal only when a person says yes, or --yes', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer({ ...ENDED, kind: 'role', of: `${ROLE}\u001b[2J` })]
  assert.equal((await gate.run('kill', '--role', ROLE, ...WHY)).code, 2, 'nobody to ask')
  gate.human = 'no'
  const refused = await gate.run('kill', '--role', ROLE, ...WHY)
  assert.deepEqual([refused.code, gate.got.length], [1, 0])
  assert.match(refused.err, /End every session of the role arn:aws:iam::123456789012:role\/deploy\?/)
  gate.human = 'y'
  const { code, out } = await gate.run('kill', '--role', ROLE, ...WHY)
  assert.equal(code, 0)
  assert.match(out, /^ended every session of the role \S+ that was issued until 2026-01-02 03:04:05 UTC\n$/)
  assert.ok(!out.includes('\u001b'))
  gate.human = undefined
  await gate.run('kill', '--principal', 'github/repo:a/b', ...WHY, '--yes')
  assert.deepEqual(
    gate.got.map(({ path, body }) => [path, body]),
    [
      ['/v1/sessions/kill', { role: ROLE, reason: 'it ran wild' }],
      ['/v1/sessions/kill', { principal: 'github/repo:a/b', reason: 'it ran wild' }],
    ],
  )
})

test('what names nothing, several things or no reason is not sent', async context => {
  const gate = await fakeGate(context)
  for (const args of [
    [...WHY],
    [SESSION],
    [SESSION, '--reason', '  '],
    [SESSION.toLowerCase(), ...WHY],
    [`${SESSION}0`, ...WHY],
    [SESSION, '--role', ROLE, ...WHY],
    ['--role', ROLE, '--principal', 'a/b', ...WHY],
    [SESSION, SESSION, ...WHY],
    [SESSION, ...WHY, '--force'],
  ]) {
    assert.equal((await gate.run('kill', ...args)).code, 2, args.join(' '))
  }
  assert.deepEqual(gate.got, [])
  assert.equal((await gate.run('kill', '--help')).code, 0)
})

test('a refusal is told in the words of the gate, and a strange answer is none', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer({ code: 'api-denied', message: 'not allowed', advice: 'ask somebody' }, 403)]
  const refused = await gate.run('kill', SESSION, ...WHY)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /api-denied: not allowed\nask somebody/)
  gate.answers = [answer({ ok: true })]
  assert.match((await gate.run('kill', SESSION, ...WHY)).err, /gate-reply-unclear/)
})
