import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type KmsStub, startKmsStub } from '../../src/archive/kms.fixture.ts'
import { Caller, STAND_IN_ENV, standInRole } from '../harness/caller.ts'
import { type GateOptions, ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/acme'
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234'
const CANARY = 'kanarienvogel'

describe('a recording whose master key is in AWS KMS', () => {
  let upstream: StubUpstream
  let kms: KmsStub
  let issuer: Issuer
  let gate: RunningGate

  function options(endpoint: string): GateOptions {
    return {
      issuer,
      roles: [{ ...standInRole(ROLE, ALLOW_ALL), tenant: 'acme' }],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
      config: { record: { encryption: { kms: { key: KEY, endpoint } } } },
    }
  }

  before(async () => {
    upstream = await startStubUpstream()
    issuer = await createIssuer(ISSUER_URL)
    kms = await startKmsStub()
    gate = await startGate(options(kms.endpoint))
  })
  after(async () => {
    await gate?.stop()
    kms?.stop()
    await upstream?.stop()
  })

  async function call(name: string): Promise<number> {
    const caller = new Caller(await assumeRaw(gate.endpoint, ROLE, await issuer.token(name)))
    return (
      await caller.call(gate, 'GetItem', { TableName: CANARY, Key: { id: { S: `${CANARY}-${name}` } } })
    ).status
  }

  function exported(): Promise<Finished> {
    const args = ['sessions', 'export', '--format', 'jsonl', '--config', join(gate.folder, 'sallyport.yaml')]
    return execute(join(ROOT, 'bin/sallyport'), args, { env: cleanEnv(STAND_IN_ENV) })
  }

  it('asks KMS once for each tenant, and goes on without it', async () => {
    assert.equal(await call('ann'), 200)
    const before = kms.asked.length
    assert.deepEqual([...new Set(kms.asked.map(({ target }) => target))], ['TrentService.Encrypt'])
    kms.refuse('KMSInternalException')
    assert.equal(await call('bob'), 200)
    assert.equal(kms.asked.length, before)
    const read = await exported()
    assert.equal(read.code, 1)
    assert.match(
      read.stderr,
      /the master key `arn:aws:kms:\S+` cannot be used: `Decrypt` failed with `KMSInternalException`/,
    )
    kms.refuse(undefined)
    const again = await exported()
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, new RegExp(`${CANARY}-ann[^]*${CANARY}-bob`))
  })

  it('keeps a gate from starting where KMS refuses, with the reason', async () => {
    kms.refuse('AccessDeniedException')
    await assert.rejects(startGate(options(kms.endpoint)), /`Encrypt` failed with `AccessDeniedException`/)
    await assert.rejects(gate.restart(), /`Decrypt` failed with `AccessDeniedException`/)
    kms.refuse(undefined)
    gate = await gate.restart()
    assert.equal(await call('eve'), 200)
  })
})
