import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import type { RequestView } from '../../contract/approvals.ts'
import { paint } from '../sessions/paint.ts'
import { answer, fakeGate, ID, listOf, NOW_MS, TOKEN, viewOf } from './fake-gate.fixture.ts'
import { details } from './show.ts'

const OTHER_ID = '01JGJVS4G8ABCDEFGHJKMNPQRT'

const { call: _call, ...WITHOUT_CALL } = viewOf()
const SCOPE: RequestView = {
  ...WITHOUT_CALL,
  id: OTHER_ID,
  kind: 'scope',
  state: 'approved',
  scope: { actions: ['ec2:*'], resources: ['*'] },
  reason: 'the migration tonight',
  grant: { fromMs: NOW_MS - 60_000, expiresAtMs: NOW_MS + 3_540_000 },
  approvals: [],
  may: { approve: false, deny: false, revoke: true },
}

test('list: one line a request', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(listOf([viewOf(), SCOPE]))]
  const { code, out, err } = await gate.run('list')
  assert.equal(err, '')
  assert.equal(
    out,
    `ID                                 AGE  STATE     WHO                           ROLE                        WHAT
${ID}  1 min 30 s  pending   agent-7 for dana@example.com  role/agent in 111122223333  aws ec2 terminate-instances --instance-ids i-1 --region us-east-1
${OTHER_ID}  1 min 30 s  approved  agent-7 for dana@example.com  role/agent in 111122223333  standing access: ec2:* on *
`,
  )
  assert.equal(code, 0)
  assert.deepEqual(gate.got, [
    {
      method: 'GET',
      path: '/v1/requests?state=pending%2Capproved&limit=50',
      authorization: `Bearer ${TOKEN}`,
      body: undefined,
    },
  ])
})

test('list: filters, pages, JSON, and nothing', async context => {
  const gate = await fakeGate(context)
  const many = Array.from({ length: 100 }, () => viewOf())
  gate.answers = [answer(listOf(many, 'c1', ID)), answer(listOf([SCOPE]))]
  const { out } = await gate.run('list', '--all', '--limit', '150', '--json')
  assert.equal((JSON.parse(out) as { requests: unknown[] }).requests.length, 101)
  assert.deepEqual(
    gate.got.map(({ path }) => path),
    ['/v1/requests?limit=100', `/v1/requests?before=${ID}&limit=50`],
  )
  gate.answers = [answer(listOf([]))]
  const role = 'arn:aws:iam::111122223333:role/agent'
  assert.equal(
    (await gate.run('list', '--state', 'denied', '--role', role)).out,
    'there are no such requests\n',
  )
  assert.equal(
    gate.got.at(-1)!.path,
    `/v1/requests?${new URLSearchParams({ state: 'denied', role, limit: '50' })}`,
  )
})

test('list --watch: what is open, then what comes, over a gate that is away for a while', async context => {
  const gate = await fakeGate(context)
  const denied = viewOf({ id: OTHER_ID, state: 'denied' })
  gate.answers = [
    answer(listOf([viewOf(), denied], 'c1')),
    response => void response.socket?.destroy(),
    answer(listOf([viewOf({ state: 'approved' }), denied], 'c2')),
    response => {
      gate.stop.abort()
      response.end()
    },
  ]
  const { code, out, err } = await gate.run('list', '--watch')
  assert.equal(code, 0)
  assert.equal(err, 'sallyport: the gate does not answer; trying again\n')
  assert.deepEqual(
    out.split('\n').map(line => /pending|approved|denied|STATE/.exec(line)?.[0]),
    ['STATE', 'pending', 'approved', undefined],
  )
  assert.deepEqual(
    gate.got.map(({ path }) => path),
    [
      '/v1/requests?limit=50',
      '/v1/requests?limit=50&wait=50&since=c1',
      '/v1/requests?limit=50&wait=50&since=c1',
      '/v1/requests?limit=50&wait=50&since=c2',
    ],
  )
})

test('list --watch --json: a request a line', async context => {
  const gate = await fakeGate(context)
  gate.answers = [
    answer(listOf([viewOf()], 'c1')),
    response => {
      gate.stop.abort()
      response.end()
    },
  ]
  const { out } = await gate.run('list', '--watch', '--json')
  assert.equal((JSON.parse(out) as RequestView).id, ID)
})

test('show: all of a request', async context => {
  const gate = await fakeGate(context)
  const { code, out } = await gate.run('show', ID)
  assert.equal(code, 0)
  assert.equal(
    out,
    `Access request ${ID}  pending
  who         agent-7, vouched for by runners
  acting for  dana@example.com
  role        role/agent in 111122223333 (arn:aws:iam::111122223333:role/agent)
  as          arn:aws:sts::111122223333:assumed-role/agent/a
  session     01JGJVS4G80000000000000001
  asked       2026-01-02 03:02:35 UTC, 1 min 30 s ago
  open until  2026-01-02 04:04:05 UTC
  grants      1 use within 15 min

aws ec2 terminate-instances --instance-ids i-1 --region us-east-1

asked for
  ec2:TerminateInstances on arn:aws:ec2:us-east-1:111122223333:instance/i-1
    Name=db-primary  Type=m7g.large

parameters
{
  "InstanceIds": [
    "i-1"
  ]
}

needs
  1 of 2  group/on-call, by Careful in agent.json: machines do not come back

approved by
  2026-01-02 03:03:35  Bob (okta/bob): fine by me

you may
  sallyport approvals approve ${ID}
  sallyport approvals deny ${ID} --reason …
`,
  )
  assert.deepEqual(JSON.parse((await gate.run('show', ID, '--json')).out), viewOf())
})

test('show: standing access as such, with what is left of it', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(SCOPE)]
  const { out } = await gate.run('show', OTHER_ID)
  for (const line of [
    `Request for standing access ${OTHER_ID}  approved`,
    '  reason      the migration tonight',
    '  grants      any number of uses left of any number of uses, until 2026-01-02 04:03:05 UTC',
    'standing access: ec2:* on *',
    `  sallyport approvals revoke ${OTHER_ID} --reason …`,
  ]) {
    assert.ok(out.split('\n').includes(line), `${line}\n---\n${out}`)
  }
})

test('approve: shows the call, asks, and allows no more than is said', async context => {
  const gate = await fakeGate(context)
  gate.human = 'y'
  const grant = { uses: 1, usesLeft: 1, fromMs: NOW_MS, expiresAtMs: NOW_MS + 600_000 }
  gate.answers = [answer(viewOf()), answer(viewOf({ state: 'approved', grant }))]
  const { code, out, err } = await gate.run('approve', ID, '--uses', '1', '--for', '10m', '--comment', 'once')
  assert.equal(code, 0)
  assert.match(err, /^aws ec2 terminate-instances --instance-ids i-1 --region us-east-1$/m)
  assert.match(err, /\nApprove this\? \[y\/N\] $/)
  assert.equal(out, `approved ${ID}: 1 use until 2026-01-02 03:14:05 UTC\n`)
  const [, posted] = gate.got
  assert.deepEqual(
    [posted!.method, posted!.path, posted!.body],
    ['POST', `/v1/requests/${ID}/approve`, { uses: 1, validForMs: 600_000, comment: 'once' }],
  )
})

test('approve: anything but a yes does nothing', async context => {
  for (const human of ['', 'n', 'yess', 'no', ' ']) {
    const gate = await fakeGate(context)
    gate.human = human
    const { code, err } = await gate.run('approve', ID)
    assert.equal(code, 1)
    assert.match(err, /nothing was done\n$/)
    assert.deepEqual(
      gate.got.map(({ method }) => method),
      ['GET'],
    )
  }
})

test('approve: one of several says how many are missing', async context => {
  const gate = await fakeGate(context)
  const { out } = await gate.run('approve', ID, '--yes')
  assert.equal(out, `your approval of ${ID} counts; it needs 1 more of group/on-call\n`)
  assert.deepEqual(
    gate.got.map(({ method, body }) => [method, body]),
    [['POST', {}]],
  )
})

test('deny and revoke: with a reason', async context => {
  const gate = await fakeGate(context)
  gate.answers = [answer(viewOf({ state: 'denied' }))]
  assert.equal((await gate.run('deny', ID, '--yes', '--reason', ' not on a Friday ')).out, `denied ${ID}\n`)
  assert.equal((await gate.run('revoke', ID, '--yes', '--reason', 'over', '--json')).code, 0)
  assert.deepEqual(
    gate.got.map(({ path, body }) => [path, body]),
    [
      [`/v1/requests/${ID}/deny`, { reason: 'not on a Friday' }],
      [`/v1/requests/${ID}/revoke`, { reason: 'over' }],
    ],
  )
})

test('what the gate refuses is told with code, message and advice, and can do nothing to the terminal', async context => {
  const gate = await fakeGate(context)
  gate.answers = [
    answer(
      { code: 'approver-not-eligible', message: 'it is yours \u001b]0;owned\u0007', advice: 'ask\nsomebody' },
      403,
    ),
  ]
  const { code, out, err } = await gate.run('approve', ID, '--yes')
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.equal(err, 'sallyport: approver-not-eligible: it is yours \\x1b]0;owned\\x07\nask\\x0asomebody\n')
})

test('a gate that answers something else, or not at all, is named', async context => {
  const gate = await fakeGate(context)
  const cases: [(typeof gate.answers)[number], RegExp][] = [
    [response => response.end('<html>'), /gate-reply-unclear: the gate answered something that is not JSON/],
    [answer([]), /no JSON object/],
    [answer({}), /no access request/],
    [answer({}, 500), /status 500 without a reason/],
    [response => response.end('x'.repeat(17 * 1024 * 1024)), /more than 16777216 bytes/],
    [response => void response.socket?.destroy(), /gate-unreachable/],
    [response => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(), /gate-unreachable/],
  ]
  for (const [reply, expected] of cases) {
    gate.answers = [reply]
    const { code, err } = await gate.run('show', ID)
    assert.equal(code, 1)
    assert.match(err, expected)
    assert.doesNotMatch(err, /token-of-ada/)
  }
  gate.answers = [answer({ requests: 'x' })]
  assert.match((await gate.run('list')).err, /no list of access requests/)
})

test('the token comes from the environment or a file, and goes to no other machine in the clear', async context => {
  const gate = await fakeGate(context)
  gate.files = { '/ada/.config/sallyport/token': 'from-home\n', '/t': 'from-file' }
  await gate.run('show', ID, '--token-file', '/t')
  gate.environment = {}
  await gate.run('show', ID)
  assert.deepEqual(
    gate.got.map(({ authorization }) => authorization),
    ['Bearer from-file', 'Bearer from-home'],
  )
  gate.files = { '/t': 'two words' }
  const missing = await gate.run('show', ID)
  assert.equal(missing.code, 1)
  assert.match(missing.err, /token-unreadable: there is no token: `.*token` cannot be read: ENOENT\nSet/)
  const odd = await gate.run('show', ID, '--token-file', '/t')
  assert.match(odd.err, /token-unreadable/)
  assert.doesNotMatch(odd.err, /two words/)
  gate.environment = { SALLYPORT_TOKEN: TOKEN }
  for (const url of ['http://gate.example.com', 'ftp://x', 'x', 'https://me@gate.example.com']) {
    const { code, err } = await gate.run('show', ID, '--url', url)
    assert.equal(code, 1)
    assert.match(err, /gate-unreachable/)
  }
  assert.equal(gate.got.length, 2)
})

test('wrong usage is told with the usage, and calls nobody', async context => {
  const gate = await fakeGate(context)
  const wrong = [
    ['frob'],
    ['list', ID],
    ['list', '--state', 'open'],
    ['list', '--state', 'denied', '--all'],
    ['list', '--limit', '0'],
    ['list', '--yes'],
    ['show'],
    ['show', 'x'],
    ['show', ID, ID],
    ['show', ID, '--watch'],
    ['show', '../whoami'],
    ['approve', ID],
    ['approve', ID, '--yes', '--uses', '0'],
    ['approve', ID, '--yes', '--for', 'soon'],
    ['approve', ID, '--yes', '--reason', 'x'],
    ['deny', ID, '--yes'],
    ['deny', ID, '--yes', '--reason', ' '],
    ['deny', ID, '--yes', '--reason', 'x'.repeat(2_000)],
    ['--frob'],
    ['\u001b[2J'],
  ]
  for (const args of wrong) {
    const { code, out, err } = await gate.run(...args)
    assert.equal(code, 2, args.join(' '))
    assert.equal(out, '')
    assert.match(err, /^sallyport: .*\n\nusage: sallyport approvals/)
    assert.doesNotMatch(err, /\u001b/)
  }
  assert.deepEqual(gate.got, [])
  const help = await gate.run('--help')
  assert.equal(help.code, 0)
  assert.match(help.out, /^usage: .*NODE_EXTRA_CA_CERTS/s)
  assert.equal((await gate.run()).code, 2)
})

/** Control characters but line ends, and what turns or hides text. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/

test('whatever a requester writes, a terminal is shown nothing that it acts upon', async context => {
  const gate = await fakeGate(context)
  const hostile = fc.oneof(
    fc.string({ unit: ANY_CHARACTER, maxLength: 40 }),
    fc.constantFrom(
      '\u001b[2J',
      '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007',
      '\u202eoge',
      '\r\nApprove? y',
      '\u0000',
    ),
  )
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (one, two) => {
      const base = viewOf()
      const request = viewOf({
        reason: one,
        role: { arn: one, account: two },
        requester: {
          ...base.requester,
          arn: one,
          subject: one,
          issuer: two,
          sourceIdentity: one,
          actingFor: [two],
        },
        call: {
          ...base.call!,
          commandLine: one,
          parameters: { [one]: two },
          pairs: [{ action: one, resource: two, exact: false }],
          resources: [{ resource: two, facts: { [one]: one } }],
          body: { bytes: 1, sha256: one },
        },
        demands: [{ policy: one, statement: two, reason: one, from: [two], count: 1, approvals: 0 }],
        approvals: [{ by: one, name: two, atMs: 0, comment: one }],
        ended: { by: one, name: two, atMs: 0, reason: one },
        may: { approve: false, deny: false, revoke: false, why: two },
      })
      const text = details(request, NOW_MS, paint(false))
      assert.doesNotMatch(text, UNSAFE)
      // One line stays one line: nothing that was written by others begins a line.
      assert.equal(
        text.split('\n').length,
        details({ ...request, ...tame(request) }, NOW_MS, paint(false)).split('\n').length,
      )
      gate.answers = [answer(listOf([request]))]
      const { out } = await gate.run('list')
      assert.doesNotMatch(out, UNSAFE)
      assert.equal(out.split('\n').length, 3)
      assert.doesNotMatch((await gate.run('list', '--json')).out, UNSAFE)
    }),
    { numRuns: 60 },
  )
})

/** The same parts without anything hostile. */
function tame(request: RequestView): Partial<RequestView> {
  return JSON.parse(
    JSON.stringify(request, (key, value: unknown) => {
      const ours = key === 'state' || key === 'kind' || value === ''
      return typeof value === 'string' && !ours ? 'x' : value
    }),
  ) as Partial<RequestView>
}

test('colours only where they are wanted', async context => {
  const gate = await fakeGate(context)
  gate.colored = true
  assert.match((await gate.run('show', ID)).out, /\u001b\[33mpending\u001b\[39m/)
  gate.answers = [answer(listOf([viewOf()]))]
  assert.match((await gate.run('list')).out, /\u001b\[33mpending\u001b\[39m/)
})
