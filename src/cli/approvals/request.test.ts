import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestView } from '../../contract/approvals.ts'
import { answer, fakeGate, ID, NOW_MS, viewOf } from './fake-gate.fixture.ts'

const { call: _call, ...WITHOUT_CALL } = viewOf()
const ASKED: RequestView = {
  ...WITHOUT_CALL,
  kind: 'scope',
  scope: { actions: ['ec2:*'], resources: ['*'] },
  demands: [],
  approvals: [],
}
const GRANTED: RequestView = {
  ...ASKED,
  state: 'approved',
  version: 2,
  grant: { uses: 3, usesLeft: 3, fromMs: NOW_MS, expiresAtMs: NOW_MS + 3_600_000 },
}
const ENOUGH = ['--role', 'agent', '--for', '1h', '--reason', 'the migration tonight']

test('standing access is asked for, and what was asked is told', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(ASKED, 201)]
  const { code, out } = await gate.run(
    ...['request', ...ENOUGH, '--action', 'ec2:*', '--action', 'iam:Pass*', '--resource', '*', '--uses', '3'],
  )
  assert.equal(code, 0)
  assert.equal(
    out,
    `asked: ${ID}, standing access: ec2:* on *\npending: see \`sallyport approvals show ${ID}\`\n`,
  )
  assert.deepEqual(
    gate.got.map(({ method, path, body }) => [method, path, body]),
    [
      [
        'POST',
        '/v1/requests',
        {
          role: 'agent',
          forMs: 3_600_000,
          reason: 'the migration tonight',
          actions: ['ec2:*', 'iam:Pass*'],
          resources: ['*'],
          uses: 3,
        },
      ],
    ],
  )
})

test('--wait: until somebody has answered; the exit code tells how', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(ASKED, 201), answer(ASKED), answer(GRANTED)]
  const yes = await gate.run('request', ...ENOUGH, '--wait')
  assert.equal(yes.code, 0)
  assert.match(yes.out, /\napproved: 3 uses until 2026-01-02 04:04:05 UTC\n$/)
  assert.deepEqual(
    gate.got.map(({ path }) => path),
    ['/v1/requests', `/v1/requests/${ID}?wait=50&since=1`, `/v1/requests/${ID}?wait=50&since=1`],
  )
  const ended = { by: 'okta/ada', name: 'Ada', atMs: NOW_MS, reason: 'not tonight' }
  gate.answers = [answer(ASKED, 201), answer({ ...ASKED, state: 'denied', version: 2, ended })]
  const no = await gate.run('request', ...ENOUGH, '--wait')
  assert.equal(no.code, 1)
  assert.match(no.out, /\ndenied by Ada: not tonight\n$/)
})

test('--wait: who stops waiting has still asked', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(ASKED, 201), () => gate.stop.abort()]
  const { code, out, err } = await gate.run('request', ...ENOUGH, '--wait')
  assert.equal(code, 1)
  assert.equal(err, '')
  assert.match(out, /\npending: see `sallyport approvals show/)
})

test('--json: the request, and nothing else', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(ASKED, 201), answer(GRANTED)]
  const { out } = await gate.run('request', ...ENOUGH, '--wait', '--json')
  assert.deepEqual(JSON.parse(out), GRANTED)
})

test('a refusal is told as the gate says it', async context => {
  const gate = await fakeGate(context)
  gate.answers = [
    answer({ code: 'request-invalid', message: 'no role `agent`', advice: 'name another' }, 400),
  ]
  const { code, out, err } = await gate.run('request', ...ENOUGH)
  assert.deepEqual([code, out, err], [1, '', 'sallyport: request-invalid: no role `agent`\nname another\n'])
})

test('wrong usage is told with the usage, and asks nobody', async context => {
  const gate = await fakeGate(context)
  const wrong = [
    ['--role', 'agent'],
    ['--role', 'agent', '--for', '1h'],
    ['--for', '1h', '--reason', 'x'],
    ['--role', 'agent', '--for', '1', '--reason', 'x'],
    [...ENOUGH, '--uses', '-1'],
    [...ENOUGH, '--uses', '1.5'],
    [...ENOUGH, 'more'],
    [...ENOUGH, '--frob'],
  ]
  for (const args of wrong) {
    const { code, err } = await gate.run('request', ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /\n\nusage: sallyport request/)
  }
  assert.deepEqual(gate.got, [])
  assert.equal((await gate.run('request', '--help')).code, 0)
})
