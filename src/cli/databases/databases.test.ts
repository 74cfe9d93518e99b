import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { connect } from './connect.ts'
import type { ConfiguredTarget, DatabasePorts, Invocation, TokenForm } from './ports.ts'
import { token } from './token.ts'

const ORDERS: ConfiguredTarget = {
  ...{ name: 'orders', engine: 'postgres', port: 5432, region: 'eu-west-1', tls: true },
  gate: { host: 'gate.example', port: 6432 },
}
const SHOP: ConfiguredTarget = { ...ORDERS, name: 'shop', engine: 'mysql', port: 3306 }
const CREDENTIALS = {
  accessKeyId: 'ASIAAAAAAAAAAAAAAAAA',
  secretAccessKey: new Redacted('s'),
  sessionToken: new Redacted('t'),
}

function world(change: Partial<DatabasePorts> & { targets?: ConfiguredTarget[]; role?: string } = {}) {
  const { targets = [ORDERS, SHOP], role, ...ports } = change
  const signed: TokenForm[] = []
  const ran: { invocation: Invocation; password: string }[] = []
  let out = ''
  let err = ''
  const all: DatabasePorts = {
    environment: {},
    credentials: async () => (role === undefined ? CREDENTIALS : { ...CREDENTIALS, role }),
    roleOf: async () => 'asked',
    sign: form => {
      signed.push(form)
      return new Redacted('the-token')
    },
    target: async (_path, name) => targets.find(each => each.name === name),
    systemAuthorities: () => '/etc/ssl/all.pem',
    versionOf: async () => 'mysql  Ver 8.4.0 for Linux on x86_64 (MySQL Community Server - GPL)',
    run: async (invocation, password) => {
      ran.push({ invocation, password: password.reveal() })
      return 3
    },
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    ...ports,
  }
  return { all, signed, ran, out: () => out, err: () => err }
}

const nowhere = async (): Promise<never> => {
  throw new GateError('config-invalid', '`sallyport.yaml` cannot be read')
}

describe('sallyport token', () => {
  it('prints a token for the name of the target, its port, and the role of the credentials', async () => {
    const { all, signed, out } = world({ role: 'deploy' })
    assert.equal(await token(['--target', 'orders'], all), 0)
    assert.equal(out(), 'the-token\n')
    assert.deepEqual(signed, [{ host: 'orders', port: 5432, user: 'deploy', region: 'eu-west-1' }])
  })

  it('asks the gate for the role where the credentials do not tell it', async () => {
    const { all, signed } = world()
    await token(['--target', 'orders'], all)
    assert.equal(signed[0]?.user, 'asked')
  })

  it('takes each part from the command line', async () => {
    const { all, signed } = world({ target: nowhere, environment: { AWS_REGION: 'eu-north-1' } })
    const place = ['--host', 'db.example', '--port', '5433', '--user', 'arn:aws:iam::1:role/x']
    assert.equal(await token(['--target', 'orders', ...place], all), 0)
    assert.equal(await token(['--target', 'orders', ...place, '--region', 'us-west-2'], all), 0)
    assert.deepEqual(signed, [
      { host: 'db.example', port: 5433, user: 'arn:aws:iam::1:role/x', region: 'eu-north-1' },
      { host: 'db.example', port: 5433, user: 'arn:aws:iam::1:role/x', region: 'us-west-2' },
    ])
  })

  it('needs no configuration where the engine says the port', async () => {
    const { all, signed } = world({ target: nowhere })
    assert.equal(await token(['--target', 'shop', '--engine', 'mysql'], all), 0)
    assert.equal(signed[0]?.port, 3306)
  })

  it('says what is missing', async () => {
    for (const [args, what] of [
      [[], /usage:/],
      [['--port', '5432'], /--target NAME/],
      [['--target', 'orders'], /--port PORT, or its engine/],
      [['--target', 'orders', '--port', '0'], /--port takes a number/],
      [['--target', 'orders', '--port', '5432x'], /--port takes a number/],
      [['--target', 'orders', '--engine', 'oracle'], /`postgres` or `mysql`/],
      [['--target', 'orders', '--what'], /Unknown option/],
    ] as const) {
      const { all, out, err, signed } = world({ target: nowhere })
      assert.equal(await token(args, all), 2, args.join(' '))
      assert.match(out() + err(), what)
      assert.equal(signed.length, 0)
    }
    const { all, err } = world()
    assert.equal(await token(['--target', 'none', '--config', 'gate.yaml'], all), 2)
    assert.match(err(), /`gate.yaml` has no target `none`/)
  })

  it('says what went wrong, and what to do', async () => {
    const denied = world({
      credentials: () => Promise.reject(new GateError('sts-denied', 'the gate says no')),
    })
    assert.equal(await token(['--target', 'orders'], denied.all), 1)
    assert.match(denied.err(), /^sallyport: sts-denied: the gate says no\nAsk for a role/)
    const named = world({ target: nowhere })
    assert.equal(await token(['--target', 'orders', '--config', 'x.yaml'], named.all), 1)
    assert.match(named.err(), /config-invalid/)
  })
})

describe('sallyport connect', () => {
  it('runs psql with TLS that is verified, the password in its environment', async () => {
    const { all, ran, signed } = world({ role: 'deploy' })
    assert.equal(
      await connect(['orders', '--', '-c', 'select 1', '--help'], all),
      3,
      "the program's exit code",
    )
    assert.deepEqual(ran, [
      {
        invocation: {
          program: 'psql',
          args: ['-c', 'select 1', '--help'],
          env: {
            ...{ PGHOST: 'gate.example', PGPORT: '6432', PGUSER: 'deploy', PGDATABASE: 'orders' },
            ...{ PGGSSENCMODE: 'disable', PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/etc/ssl/all.pem' },
          },
          passwordIn: 'PGPASSWORD',
        },
        password: 'the-token',
      },
    ])
    assert.deepEqual(signed, [{ host: 'orders', port: 5432, user: 'deploy', region: 'eu-west-1' }])
  })

  it("runs MySQL's client, or MariaDB's, each in its own words", async () => {
    const place = ['--host=gate.example', '--port=6432', '--protocol=TCP', '--user=deploy']
    const verify = ['--ssl', '--ssl-verify-server-cert', '--ssl-ca=/ca.pem', '--database=shop', '-e', 'x']
    const oracle = world({ role: 'deploy' })
    await connect(['shop', '--ca', '/ca.pem', '--', '-e', 'x'], oracle.all)
    const [first] = oracle.ran
    assert.deepEqual(first?.invocation.args, [
      ...place,
      ...['--ssl-mode=VERIFY_IDENTITY', '--ssl-ca=/ca.pem', '--database=shop', '-e', 'x'],
    ])
    assert.equal(first?.invocation.passwordIn, 'MYSQL_PWD')
    assert.ok(!JSON.stringify(first?.invocation).includes('the-token'))
    for (const [version, program] of [
      ['mysql  Ver 15.1 Distrib 10.11.19-MariaDB', 'mysql'],
      [undefined, 'mariadb'],
    ] as const) {
      const maria = world({ role: 'deploy', versionOf: async () => version })
      await connect(['shop', '--ca', '/ca.pem', '--', '-e', 'x'], maria.all)
      assert.equal(maria.ran[0]?.invocation.program, program)
      assert.deepEqual(maria.ran[0]?.invocation.args, [...place, ...verify])
    }
  })

  it('needs no configuration', async () => {
    const { all, ran, signed } = world({
      target: nowhere,
      environment: { NODE_EXTRA_CA_CERTS: '/gate-ca.pem' },
    })
    assert.equal(
      await connect(['orders', '--engine', 'postgres', '--gate', 'g.example', '--user', 'me'], all),
      3,
    )
    assert.equal(ran[0]?.invocation.env['PGPORT'], '5432')
    assert.equal(ran[0]?.invocation.env['PGSSLROOTCERT'], '/gate-ca.pem')
    assert.equal(signed[0]?.port, 5432)
    const six = ['orders', '--engine', 'postgres', '--gate', '[::1]:7000', '--user', 'me']
    await connect([...six, '--port', '5433'], all)
    assert.equal(ran[1]?.invocation.env['PGHOST'], '::1')
    assert.equal(signed[1]?.port, 5433)
    await connect(six, all)
    assert.equal(signed[2]?.port, 7000, 'the port of the gate is as good as the one of the target')
  })

  it('speaks in the clear with a gate without TLS on this machine, and with no other', async () => {
    const here = { ...ORDERS, tls: false, gate: { host: '127.0.0.1', port: 6432 } }
    const local = world({ targets: [here] })
    await connect(['orders'], local.all)
    assert.equal(local.ran[0]?.invocation.env['PGSSLMODE'], 'disable')
    const far = world({ targets: [{ ...here, gate: { host: '10.0.0.1', port: 6432 } }] })
    await connect(['orders'], far.all)
    assert.equal(far.ran[0]?.invocation.env['PGSSLMODE'], 'verify-full')
    await connect(['orders', '--gate', 'gate.example'], local.all)
    assert.equal(local.ran[1]?.invocation.env['PGSSLMODE'], 'verify-full')
    const mysql = world({ targets: [{ ...here, name: 'shop', engine: 'mysql' }] })
    assert.equal(await connect(['shop'], mysql.all), 2)
    assert.match(mysql.err(), /over TLS alone/)
  })

  it('prints a line for a shell, without the password', async () => {
    const { all, out, ran } = world({ role: 'deploy' })
    assert.equal(await connect(['orders', '--print', '--', '-c', "select 'a'"], all), 0)
    assert.equal(
      out(),
      'PGHOST=gate.example PGPORT=6432 PGUSER=deploy PGDATABASE=orders PGGSSENCMODE=disable PGSSLMODE=verify-full ' +
        'PGSSLROOTCERT=/etc/ssl/all.pem ' +
        'PGPASSWORD="$(sallyport token --target orders --user deploy --port 5432)" ' +
        "psql -c 'select '\\''a'\\'''\n",
    )
    assert.equal(ran.length, 0)
    const there = world({ role: 'deploy' })
    await connect(
      ['orders', '--print', '--endpoint', 'https://g.example', '--region', 'eu-west-1'],
      there.all,
    )
    assert.match(there.out(), /--port 5432 --endpoint https:\/\/g.example --region eu-west-1\)" psql\n$/)
  })

  it('says what is missing', async () => {
    for (const [args, what] of [
      [[], /usage:/],
      [['--user', 'x'], /say one target/],
      [['a', 'b'], /say one target/],
      [['orders'], /--engine postgres or --engine mysql/],
      [['orders', '--engine', 'postgres'], /--gate HOST:PORT/],
      [['orders', '--engine', 'postgres', '--gate', 'a b'], /--gate takes HOST:PORT/],
      [['orders', '--engine', 'postgres', '--gate', 'a:99999'], /--gate takes a number/],
    ] as const) {
      const { all, out, err } = world({ target: nowhere })
      assert.equal(await connect(args, all), 2, args.join(' '))
      assert.match(out() + err(), what)
    }
    const { all, err } = world({ systemAuthorities: () => undefined })
    assert.equal(await connect(['orders'], all), 2)
    assert.match(err(), /--ca FILE/)
  })
})
