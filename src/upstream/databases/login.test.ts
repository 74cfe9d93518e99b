import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import { Redacted } from '../../core/redacted.ts'
import { readRequest } from '../../wire/http/reader.ts'
import { SigningKeys } from '../../wire/sigv4/keys.ts'
import { readSignature } from '../../wire/sigv4/reader.ts'
import { verifySignature } from '../../wire/sigv4/verify.ts'
import { type DatabaseLoginPorts, databaseLogin } from './login.ts'
import type { Login, LoginTarget } from './port.ts'
import type { DatabaseSecret } from './secrets-manager.ts'

const START = Date.UTC(2026, 10, 23, 10)
const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const PRINCIPAL = { roleArn: ROLE, account: '111122223333', sessionId: 's1' } as Principal
const OTHER = { ...PRINCIPAL, roleArn: 'arn:aws:iam::111122223333:role/admin' }
const TARGET: LoginTarget = {
  ...{ name: 'orders', engine: 'postgres', host: 'Orders.abc.eu-west-1.rds.amazonaws.com', port: 5432 },
  ...{ region: 'eu-west-1', account: '', user: 'gate', users: new Map([[OTHER.roleArn, 'admin']]) },
  auth: { kind: 'iam' },
}
const LEASE = {
  accessKeyId: 'ASIAREAL',
  secretAccessKey: new Redacted('real-secret'),
  sessionToken: new Redacted('real/token='),
}
const REFUSED = new GateError('database-refused', 'the database server does not let the gate in: 28P01')

function world(answers: (DatabaseSecret | GateError)[] = []) {
  const clock = new ManualClock(START)
  const asked: object[] = []
  const notes: string[] = []
  let reads = 0
  const keys = new SigningKeys()
  const ports: DatabaseLoginPorts = {
    ...{ clock, keys, note: message => notes.push(message) },
    leases: {
      leaseOf: async (principal, user) => {
        asked.push({ role: principal.roleArn, ...user })
        return LEASE
      },
    },
    async readSecret() {
      const answer = answers[Math.min(reads, answers.length - 1)]
      reads += 1
      // Whoever comes meanwhile finds the reading under way.
      await Promise.resolve()
      if (answer === undefined || answer instanceof GateError) throw answer
      return answer
    },
  }
  return { clock, keys, asked, notes, ports, reads: () => reads }
}

const secret = (password: string, user?: string): DatabaseSecret => ({
  password: new Redacted(password),
  ...(user === undefined ? {} : { user }),
})
const bySecret: LoginTarget = {
  ...TARGET,
  auth: { kind: 'secret', arn: 'arn:aws:secretsmanager:eu-west-1:1:secret:x', own: { region: 'eu-west-1' } },
}
const { user: _, ...withoutUser } = bySecret
const passwordOf = async (login: Login): Promise<string> => (await login.password()).reveal()

describe('logging in by IAM', () => {
  it('makes a token for the host itself, with the lease of the role for this user alone', async () => {
    const { ports, asked, keys } = world()
    const { user, password } = await databaseLogin(TARGET, ports).login(PRINCIPAL)
    assert.equal(user, 'gate')
    assert.deepEqual(asked, [], 'a lease is taken when the server wants a password')
    const text = (await password()).reveal()
    const host = 'orders.abc.eu-west-1.rds.amazonaws.com:5432'
    assert.ok(text.startsWith(`${host}/?`), text)
    const request = readRequest({ method: 'GET', target: text.slice(host.length), headers: [['host', host]] })
    const signed = readSignature(request)
    assert.equal(signed.scope.service, 'rds-db')
    assert.equal(signed.scope.region, 'eu-west-1')
    assert.equal(signed.sessionToken, 'real/token=')
    assert.equal(signed.expiresMs, 900_000)
    verifySignature(signed, request, keys.get('ASIAREAL', LEASE.secretAccessKey, signed.scope))
    const query = new URLSearchParams(request.target.rawQuery)
    assert.equal(query.get('Action'), 'connect')
    assert.equal(query.get('DBUser'), 'gate')
    assert.deepEqual(asked, [{ role: ROLE, user: 'gate', region: 'eu-west-1', account: '' }])
  })

  it('has other users for the clients of other roles', async () => {
    const { ports, asked } = world()
    const login = databaseLogin(TARGET, ports)
    assert.equal((await login.login(OTHER)).user, 'admin')
    await login.connect(OTHER, passwordOf)
    assert.deepEqual(asked, [{ role: OTHER.roleArn, user: 'admin', region: 'eu-west-1', account: '' }])
  })

  it('says it when it may not', async () => {
    const { ports } = world()
    const denied = new GateError('lease-denied', 'no')
    const leases = { leaseOf: () => Promise.reject(denied) }
    await assert.rejects(databaseLogin(TARGET, { ...ports, leases }).connect(PRINCIPAL, passwordOf), denied)
  })
})

describe('logging in by a password', () => {
  it('takes it as it is', async () => {
    const auth = { kind: 'password', password: new Redacted('p') } as const
    const login = databaseLogin({ ...TARGET, auth }, world().ports)
    assert.equal(await login.connect(PRINCIPAL, passwordOf), 'p')
    assert.equal((await login.login(OTHER)).user, 'admin')
    const failing = login.connect(PRINCIPAL, async () => Promise.reject(REFUSED))
    await assert.rejects(failing, REFUSED)
  })
})

describe('logging in by a secret of Secrets Manager', () => {
  it('reads it once for all who come, and again after five minutes', async () => {
    const { ports, reads, clock } = world([secret('one', 'app'), secret('two', 'app')])
    const login = databaseLogin(withoutUser, ports)
    const all = await Promise.all(Array.from({ length: 20 }, () => login.connect(PRINCIPAL, passwordOf)))
    assert.deepEqual(new Set(all), new Set(['one']))
    clock.advance(299_999)
    await login.connect(PRINCIPAL, passwordOf)
    assert.equal(reads(), 1)
    clock.advance(1)
    assert.equal(await login.connect(PRINCIPAL, passwordOf), 'two')
    assert.equal(reads(), 2)
    assert.equal((await login.login(PRINCIPAL)).user, 'app')
  })

  it('reads it again when the server refuses it, and tries the new one once', async () => {
    const { ports, reads, clock } = world([secret('old', 'app'), secret('new', 'app')])
    const login = databaseLogin(withoutUser, ports)
    await login.connect(PRINCIPAL, passwordOf)
    clock.advance(60_000)
    const tried: string[] = []
    const open = async (each: Login): Promise<string> => {
      const password = await passwordOf(each)
      tried.push(password)
      if (password === 'old') throw REFUSED
      return password
    }
    assert.deepEqual(await Promise.all([login.connect(PRINCIPAL, open), login.connect(PRINCIPAL, open)]), [
      'new',
      'new',
    ])
    assert.deepEqual(tried, ['old', 'old', 'new', 'new'])
    assert.equal(reads(), 2)
  })

  it('does not try again what the server has refused, and asks AWS for it once in ten seconds', async () => {
    const { ports, reads, clock } = world([secret('wrong', 'app')])
    const login = databaseLogin(withoutUser, ports)
    let opened = 0
    const open = (): Promise<never> => {
      opened += 1
      return Promise.reject(REFUSED)
    }
    for (let i = 0; i < 5; i++) await assert.rejects(login.connect(PRINCIPAL, open), REFUSED)
    assert.equal(opened, 5)
    assert.equal(reads(), 1, 'it was read a moment ago')
    clock.advance(10_000)
    for (let i = 0; i < 5; i++) await assert.rejects(login.connect(PRINCIPAL, open), REFUSED)
    assert.equal(reads(), 2)
  })

  it('does not take another trouble for a wrong password', async () => {
    const { ports, reads, clock } = world([secret('one', 'app'), secret('two', 'app')])
    const login = databaseLogin(withoutUser, ports)
    await login.connect(PRINCIPAL, passwordOf)
    clock.advance(60_000)
    const away = new GateError('database-unreachable', 'gone')
    await assert.rejects(
      login.connect(PRINCIPAL, () => Promise.reject(away)),
      away,
    )
    assert.equal(reads(), 1)
  })

  it('goes on with the last one for an hour while AWS is away', async () => {
    const away = new GateError('database-secret-unavailable', 'away')
    const { ports, clock, notes, reads } = world([secret('one', 'app'), away])
    const login = databaseLogin(withoutUser, ports)
    await login.connect(PRINCIPAL, passwordOf)
    clock.advance(3_599_999)
    assert.equal(await login.connect(PRINCIPAL, passwordOf), 'one')
    assert.equal(notes.length, 1)
    clock.advance(1)
    await assert.rejects(login.connect(PRINCIPAL, passwordOf), away)
    const before = reads()
    for (let i = 0; i < 5; i++) await assert.rejects(login.connect(PRINCIPAL, passwordOf), away)
    assert.equal(reads(), before, 'clients in a loop are no loop on AWS')
    clock.advance(10_000)
    await assert.rejects(login.connect(PRINCIPAL, passwordOf), away)
    assert.equal(reads(), before + 1)
  })

  it('takes the user of the target where the secret names none', async () => {
    const { ports } = world([secret('one')])
    assert.equal((await databaseLogin(bySecret, ports).login(PRINCIPAL)).user, 'gate')
    await assert.rejects(databaseLogin(withoutUser, ports).login(PRINCIPAL), {
      code: 'database-secret-invalid',
    })
  })
})
