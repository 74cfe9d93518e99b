import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Caller, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ACME = 'arn:aws:iam::123456789012:role/acme'
const INITECH = 'arn:aws:iam::123456789012:role/initech'
const SALLYPORT = join(ROOT, 'bin/sallyport')
const CANARY = 'kanarienvogel'

interface ListedSession {
  readonly id: string
  readonly principal?: { readonly roleArn: string }
}

describe('an encrypted recording of a running gate', () => {
  let upstream: StubUpstream
  let issuer: Issuer
  let gate: RunningGate

  before(async () => {
    upstream = await startStubUpstream()
    issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [
        { ...standInRole(ACME, ALLOW_ALL), tenant: 'acme' },
        { ...standInRole(INITECH, ALLOW_ALL), tenant: 'initech' },
      ],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      config: { record: { encryption: { file: 'master/key.json' }, keep: [{ what: 'bodies' }] } },
    })
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** A session with one call that names the canary. */
  async function session(role: string, name: string): Promise<Caller> {
    const caller = new Caller(await assumeRaw(gate.endpoint, role, await issuer.token(name)))
    const reply = await caller.call(gate, 'GetItem', {
      TableName: CANARY,
      Key: { id: { S: `${CANARY}-${name}` } },
    })
    assert.equal(reply.status, 200)
    return caller
  }

  /** With the keys of the configuration. */
  function sessions(...args: string[]): Promise<Finished> {
    const config = ['--config', join(gate.folder, 'sallyport.yaml')]
    return execute(SALLYPORT, ['sessions', ...args, ...config], { env: cleanEnv() })
  }

  async function listed(): Promise<readonly ListedSession[]> {
    return (JSON.parse((await sessions('list', '--json')).stdout) as { sessions: ListedSession[] }).sessions
  }

  async function idOf(role: string): Promise<string> {
    return (await listed()).find(({ principal }) => principal?.roleArn === role)?.id ?? ''
  }

  function filesWithCanary(): string[] {
    const names = readdirSync(join(gate.folder, 'data'), { recursive: true, withFileTypes: true })
    return names
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .filter(path => readFileSync(path).includes(CANARY))
  }

  it('has its master key where the configuration says, for its owner alone', () => {
    assert.equal(statSync(join(gate.folder, 'master/key.json')).mode & 0o777, 0o600)
  })

  it('lies nowhere in the clear, and is read by whoever has the master key', async () => {
    await session(ACME, 'ann')
    await session(INITECH, 'bob')
    const id = await idOf(ACME)
    assert.notEqual(id, '')
    assert.match((await sessions('show', id)).stdout, new RegExp(`${CANARY}-ann`))
    const search = (text: string): Promise<Finished> => sessions('search', text, '--json')
    assert.equal((await search(`${CANARY}-bob`)).stdout.includes(`${CANARY}-bob`), true)
    assert.deepEqual(filesWithCanary(), [])
    assert.equal(gate.running.output().includes(CANARY), false, 'the log of the gate')
    const blind = await gate.sessions('show', id)
    assert.equal(blind.code, 0, blind.stderr)
    assert.doesNotMatch(blind.stdout, new RegExp(CANARY))
    assert.match(blind.stdout, /sealed/)
  })

  /** The request of a session's call, as it was kept. */
  async function requestOf(sessionId: string): Promise<Finished> {
    const shown = JSON.parse((await sessions('show', sessionId, '--json')).stdout) as {
      entries: { kind: string; decision?: { id: string } }[]
    }
    const call = shown.entries.find(({ kind }) => kind === 'call')?.decision?.id ?? ''
    return sessions('body', call, '--request')
  }

  it('has its bodies sealed as well', async () => {
    const { code, stdout, stderr } = await requestOf(await idOf(ACME))
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`${CANARY}-ann`))
  })

  it('is verified without the master key, which reading says that it misses', async () => {
    const key = join(gate.folder, 'master/key.json')
    renameSync(key, `${key}.away`)
    try {
      assert.equal((await sessions('verify')).code, 0)
      const { code, stderr } = await sessions('list')
      assert.equal(code, 1)
      assert.match(stderr, /the master key `.*key\.json` cannot be used: it does not exist/)
      assert.equal(existsSync(key), false)
    } finally {
      renameSync(`${key}.away`, key)
    }
  })

  it('loses a session beside the gate, and still verifies', async () => {
    const id = await idOf(ACME)
    const refused = await sessions('shred', id, '--reason', 'asked for')
    assert.equal(refused.code, 2)
    const done = await sessions('shred', id, '--reason', 'asked for', '--by', 'ann', '--yes')
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /^shredded: session 01\w+, 1 key\n/)
    const shown = await sessions('show', id)
    assert.equal(shown.code, 0, shown.stderr)
    assert.doesNotMatch(shown.stdout, new RegExp(CANARY))
    assert.match(shown.stdout, /shredded/)
    assert.match((await sessions('list')).stdout, /shredded/)
    const body = await requestOf(id)
    assert.equal(body.code, 1)
    assert.doesNotMatch(body.stdout, new RegExp(CANARY))
    assert.match(body.stderr, /shredded/)
    assert.equal((await sessions('search', `${CANARY}-ann`)).stdout.includes(`${CANARY}-ann`), false)
    assert.match((await sessions('search', `${CANARY}-bob`)).stdout, new RegExp(`${CANARY}-bob`))
    for (const format of ['ocsf', 'cloudtrail', 'csv', 'jsonl']) {
      const exported = await sessions('export', '--format', format)
      assert.equal(exported.code, 0, `${format}: ${exported.stderr}`)
      assert.equal(exported.stdout.includes(`${CANARY}-ann`), false, format)
    }
    const review = await execute(SALLYPORT, ['review', '--config', join(gate.folder, 'sallyport.yaml')], {
      env: cleanEnv(),
    })
    assert.equal(review.code, 0, review.stderr)
    assert.equal((await sessions('verify')).code, 0)
  })

  it('has the shredding in its chain, when the gate has started again; the rest is there still', async () => {
    gate = await gate.restart('SIGKILL')
    await session(ACME, 'eve')
    const { stdout } = await sessions('export', '--format', 'jsonl')
    assert.match(stdout, new RegExp(`${CANARY}-bob`))
    assert.match(stdout, new RegExp(`${CANARY}-eve`))
    const chain = readdirSync(join(gate.folder, 'data/journal/00'))
      .filter(name => name.endsWith('.seg'))
      .map(name => readFileSync(join(gate.folder, 'data/journal/00', name), 'latin1'))
    assert.match(
      chain.join(),
      /"type":"shred","id":"\w{26}","timeMs":\d+,"what":"session","of":"01\w+","by":"ann","reason":"asked for"/,
    )
    assert.deepEqual(filesWithCanary(), [])
  })

  it('loses a tenant as a whole, and no other', async () => {
    const done = await sessions('shred', '--tenant', 'acme', '--reason', 'they left', '--yes', '--json')
    assert.equal(done.code, 0, done.stderr)
    const report = JSON.parse(done.stdout) as { sessions: string[]; shredded: number }
    assert.equal(report.sessions.length, 2)
    const { stdout } = await sessions('export', '--format', 'jsonl')
    assert.match(stdout, new RegExp(`${CANARY}-bob`))
    assert.doesNotMatch(stdout, new RegExp(`${CANARY}-(ann|eve)`))
    assert.equal((await sessions('verify')).code, 0)
  })

  it('keeps the gate from starting where the master key is another one', async () => {
    rmSync(join(gate.folder, 'master/key.json'))
    await assert.rejects(gate.restart(), /master key `.*` cannot be used: it has no key `[0-9a-f]{32}`/)
  })
})

describe('an encrypted recording of several workers', () => {
  it('has keys of its own for each, none of it in the clear, and is shredded in all lanes', async () => {
    const upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    let gate = await startGate({
      issuer,
      roles: [{ ...standInRole(ACME, ALLOW_ALL), tenant: 'acme' }],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      config: { workers: 2, record: { encryption: { file: 'master/key.json' } } },
    })
    try {
      const journal = join(gate.folder, 'data/journal')
      const credentials = await assumeRaw(gate.endpoint, ACME, await issuer.token('ann'))
      const keyFiles = (): string[] =>
        readdirSync(join(journal, 'keys'), { recursive: true, encoding: 'utf8' }).filter(name =>
          name.endsWith('.keys'),
        )
      const call = async (): Promise<void> => {
        const key = { id: { S: `${CANARY}-ann` } }
        const reply = await new Caller(credentials).call(gate, 'GetItem', { TableName: CANARY, Key: key })
        assert.equal(reply.status, 200)
      }
      // Connections are dealt to workers in turn, which is not promised.
      for (let calls = 0; keyFiles().length < 2 && calls < 200; calls++) await call()
      assert.ok(keyFiles().length >= 2, `${keyFiles()}`)
      const config = ['--config', join(gate.folder, 'sallyport.yaml')]
      const sessions = (...args: string[]): Promise<Finished> =>
        execute(SALLYPORT, ['sessions', ...args, ...config], { env: cleanEnv() })
      const { sessions: listed } = JSON.parse((await sessions('list', '--json')).stdout) as {
        sessions: ListedSession[]
      }
      assert.equal(listed.length, 1)
      const id = listed[0]?.id ?? ''
      assert.match((await sessions('show', id)).stdout, new RegExp(`${CANARY}-ann`))
      const done = await sessions('shred', id, '--reason', 'asked for', '--yes', '--json')
      assert.equal(done.code, 0, done.stderr)
      assert.ok((JSON.parse(done.stdout) as { shredded: number }).shredded >= 2, done.stdout)
      assert.doesNotMatch((await sessions('export', '--format', 'jsonl')).stdout, new RegExp(CANARY))
      gate = await gate.restart('SIGKILL')
      await call()
      assert.match((await sessions('export', '--format', 'jsonl')).stdout, new RegExp(`${CANARY}-ann`))
      assert.equal((await sessions('verify')).code, 0)
      const clear = readdirSync(join(gate.folder, 'data'), { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .filter(entry => readFileSync(join(entry.parentPath, entry.name)).includes(CANARY))
      assert.deepEqual(clear, [])
      assert.equal(gate.running.output().includes(CANARY), false, 'the log of the gate')
    } finally {
      await gate.stop()
      await upstream.stop()
    }
  })
})
