import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  asksOnCall,
  journalOf,
  numberIn,
  requestEventsOf,
  STAND_IN_ENV,
  standInRole,
} from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { type LineProgram, startLines } from '../harness/lines.ts'
import { execute, python, ROOT, which } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'

const ROLE = 'arn:aws:iam::123456789012:role/patient'
const TABLES = 'arn:aws:dynamodb:*:*:table'
const CLIENTS = join(ROOT, 'test/integration/clients')

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' },
    asksOnCall('Soon', 'dynamodb:DeleteTable', { Hold: '1s' }, `${TABLES}/soon-*`),
    asksOnCall('Late', 'dynamodb:DeleteTable', { Hold: '40s' }, `${TABLES}/late-*`),
  ],
}

/** How an SDK put the end of a call; both empty where it passed. */
type Said = Record<string, string>

/** A client of a test: deletes a table, and gives up on a reply after so many seconds; 0: by its default. */
interface SdkClient {
  readonly name: string
  readonly skip?: string | false
  /** Does what has to be done before. */
  start(): Promise<{ remove(table: string, seconds: number): Promise<Said>; stop(): Promise<void> }>
}

describe('how clients take an approval', { concurrency: true }, () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let ann: ControlClient

  before(async () => {
    upstream = await startStubUpstream()
    const people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      people,
      roles: [standInRole(ROLE, POLICY)],
      upstream: upstream.endpoint,
      env: STAND_IN_ENV,
    })
    ann = new ControlClient(gate, await people.token('ann', { groups: ['on-call'] }))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** A program of `clients/` that answers lines. */
  async function program(command: () => Promise<[string, ...string[]]>, options: { cwd?: string } = {}) {
    const env = {
      ...(await gate.clientEnv(ROLE)),
      // Go’s SDK makes its STS client before it reads AWS_ENDPOINT_URL; the one for STS it does read in time.
      AWS_ENDPOINT_URL_STS: gate.endpoint,
      // Go and Maven keep their packages in the user's own home.
      HOME: process.env['HOME'],
    }
    const lines: LineProgram = startLines(await command(), { env, ...options })
    const remove = (table: string, seconds: number): Promise<Said> => lines.ask(`${table} ${seconds}`)
    return { remove, stop: () => lines.stop() }
  }

  const clients: readonly SdkClient[] = [
    {
      name: 'aws',
      skip: which('aws') === undefined && 'no aws command here',
      async start() {
        const env = await gate.clientEnv(ROLE)
        return {
          async remove(table, seconds) {
            const patience = seconds > 0 ? ['--cli-read-timeout', String(seconds)] : []
            const args = ['dynamodb', 'delete-table', '--table-name', table, ...patience]
            const { code, stderr } = await execute(which('aws') ?? 'aws', args, { env })
            const kind = /An error occurred \((\w+)\)/.exec(stderr)?.[1] ?? 'error'
            return code === 0 ? { code: '', message: '' } : { code: kind, message: stderr }
          },
          async stop() {},
        }
      },
    },
    { name: 'boto3', start: () => program(async () => [python(), join(CLIENTS, 'boto3_ask.py')]) },
    {
      name: 'javascript',
      async start() {
        const { AWS_WEB_IDENTITY_TOKEN_FILE: file = '' } = await gate.clientEnv(ROLE)
        const credentials = await assumeRaw(gate.endpoint, ROLE, readFileSync(file, 'utf8'))
        const settings = { endpoint: gate.endpoint, region: 'us-east-1', credentials }
        return {
          async remove(table, seconds) {
            const handler = { requestTimeout: seconds * 1000, throwOnRequestTimeout: true }
            const client = new DynamoDBClient({
              ...settings,
              ...(seconds > 0 ? { requestHandler: handler } : {}),
            })
            const said = await client.send(new DeleteTableCommand({ TableName: table })).then(
              () => ({ code: '', message: '' }),
              (error: Error) => ({ code: error.name, message: error.message }),
            )
            client.destroy()
            return said
          },
          async stop() {},
        }
      },
    },
    {
      name: 'go',
      skip: which('go') === undefined && 'no Go toolchain on this machine',
      start: () =>
        program(async () => {
          const built = join(ROOT, '.build/go-ask')
          const { code, stderr } = await execute('go', ['build', '-o', built, './ask'], {
            cwd: join(CLIENTS, 'go'),
          })
          if (code !== 0) throw new Error(`go build: ${stderr}`)
          return [built]
        }),
    },
    {
      name: 'java',
      skip:
        (which('java') === undefined || which('mvn') === undefined) && 'no Java with Maven on this machine',
      start: () =>
        program(async () => ['mvn', '-q', '-B', 'compile', 'exec:java', '-Dclient.main=Ask'], {
          cwd: join(CLIENTS, 'java'),
        }),
    },
  ]

  /** Calls on this table that reached AWS. */
  const reached = (table: string): number =>
    upstream.seen.filter(({ body }) => (JSON.parse(body) as { TableName: string }).TableName === table).length

  /** How often the client has sent it: the gate decides each time. */
  async function sent(table: string): Promise<number> {
    const decisions = (await journalOf(gate)).filter(event => event.type === 'decision')
    return decisions.filter(({ call }) => call?.parameters['TableName'] === table).length
  }

  /** The table's call, as it waits. */
  const waiting = (table: string) =>
    ann.asked(({ call }) => call?.commandLine.split(' ').includes(table) ?? false)

  for (const { name, skip = false, start } of clients) {
    describe(name, { skip, concurrency: 1 }, () => {
      let client: Awaited<ReturnType<SdkClient['start']>>
      before(async () => {
        client = await start()
      })
      after(() => client?.stop())

      it('is told by the service’s own error whom the call waits for, and asks no second time', async () => {
        const table = `soon-${name}`
        const refused = await client.remove(table, 0)
        assert.equal(refused['code'], 'AccessDeniedException', refused['message'])
        const id = numberIn(refused['message'] ?? '')
        assert.ok(refused['message']?.includes(`${gate.admin}/r/${id}`), refused['message'])
        assert.equal(await sent(table), 1)
        assert.equal(reached(table), 0)
        assert.equal((await ann.approve(id)).status, 200)
        assert.deepEqual(await client.remove(table, 0), { code: '', message: '' })
        assert.equal(reached(table), 1)
        assert.equal((await ann.get(id)).state, 'spent')
      })

      it('passes as if nothing had happened, if it is approved meanwhile', async () => {
        const table = `late-${name}`
        const held = client.remove(table, 0)
        const { id } = await waiting(table)
        assert.equal((await ann.approve(id)).status, 200)
        assert.deepEqual(await held, { code: '', message: '' })
        assert.equal(await sent(table), 1)
        assert.equal(reached(table), 1)
      })

      it('gives up, tries again by itself, and waits on the same request', async () => {
        const table = `late-again-${name}`
        const held = client.remove(table, 3)
        const { id } = await waiting(table)
        while ((await sent(table)) === 0) await sleep(20)
        assert.equal((await ann.get(id)).state, 'pending')
        assert.equal((await ann.approve(id)).status, 200)
        assert.deepEqual(await held, { code: '', message: '' })
        assert.equal(reached(table), 1)
        const asked = (await requestEventsOf(gate)).filter(event => {
          return event.what === 'asked' && JSON.stringify(event.request).includes(`"${table}"`)
        })
        assert.deepEqual(
          asked.map(event => event.requestId),
          [id],
        )
      })
    })
  }
})
