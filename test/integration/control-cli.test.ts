import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { makeWorld, ROLE, serve, TOKENS, type World } from '../../src/api/world.fixture.ts'
import { type ApprovalsPorts, approvals } from '../../src/cli/approvals.ts'
import { request } from '../../src/cli/request.ts'
import { systemClock } from '../../src/core/clock.ts'

/** The command line against the control API itself: both sides of `src/contract/`. */
async function commandLine(context: TestContext, world: World) {
  const { port } = await serve(world.ports, context)
  return async (token: string, run: typeof approvals, ...args: string[]) => {
    let out = ''
    let err = ''
    const ports: ApprovalsPorts = {
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
      environment: { SALLYPORT_URL: `http://127.0.0.1:${port}`, SALLYPORT_TOKEN: token },
      readFile: () => Promise.reject(new Error('no file')),
      home: '/nowhere',
      adminUrl: () => Promise.reject(new Error('no configuration')),
      ask: undefined,
      out: async text => {
        out += text
      },
      err: text => {
        err += text
      },
      colored: false,
      sleep: async () => undefined,
      stopped: new AbortController().signal,
    }
    const code = await run(args, ports)
    return { code, out, err }
  }
}

test('an approver lists, reads and approves a call on the command line', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const run = await commandLine(context, world)
  const listed = await run(TOKENS.ann(), approvals, 'list')
  assert.equal(listed.code, 0, listed.err)
  assert.ok(listed.out.includes(id))
  const shown = await run(TOKENS.ann(), approvals, 'show', id)
  assert.match(shown.out, /aws ec2 terminate-instances/)
  const approved = await run(TOKENS.ann(), approvals, 'approve', id, '--uses', '1', '--for', '5m', '--yes')
  assert.equal(approved.code, 0, approved.err)
  const { grant } = (await world.store.get(id)) ?? {}
  assert.equal(grant?.uses, 1)
  assert.equal((grant?.expiresAtMs ?? 0) - (grant?.fromMs ?? 0), 300_000)
  const revoked = await run(TOKENS.ben(), approvals, 'revoke', id, '--reason', 'done', '--yes')
  assert.equal(revoked.code, 0, revoked.err)
  assert.equal((await world.store.get(id))?.state, 'revoked')
})

test('a workload asks for standing access, and an approver denies it with a reason', async context => {
  const world = makeWorld()
  const run = await commandLine(context, world)
  const asked = await run(
    TOKENS.ci(),
    request,
    ...['--role', ROLE, '--for', '1h', '--reason', 'the migration', '--action', 'ec2:*'],
  )
  assert.equal(asked.code, 0, asked.err)
  const id = /[0-9A-Z]{26}/.exec(asked.out)?.[0] ?? ''
  const denied = await run(TOKENS.ben(), approvals, 'deny', id, '--reason', 'not tonight', '--yes')
  assert.equal(denied.code, 0, denied.err)
  assert.equal((await world.store.get(id))?.ended?.reason, 'not tonight')
})

test('who may not is told so in the words of the gate', async context => {
  const world = makeWorld()
  const { id } = await world.asked()
  const run = await commandLine(context, world)
  const hidden = await run(TOKENS.eve(), approvals, 'show', id)
  assert.notEqual(hidden.code, 0)
  assert.match(hidden.err, /there is no access request/)
  const forged = await run(TOKENS.forged(), approvals, 'list')
  assert.match(forged.err, /signature does not verify/)
  const own = await run(TOKENS.ci(), approvals, 'approve', id, '--yes')
  assert.notEqual(own.code, 0)
  assert.equal((await world.store.get(id))?.state, 'pending')
})
