import pg from 'pg'
import type { RunningGate } from '../../test/harness/gate.ts'
import type { Issuer } from '../../test/harness/issuer.ts'
import { execute, ROOT, which } from '../../test/harness/process.ts'
import { approve } from './approve.ts'
import { showStep, surprise } from './show.ts'

interface Question {
  readonly why: string
  readonly sql: string
  /** Whether the gate should let it through. */
  readonly passes: boolean
  /** Who approves it meanwhile. */
  readonly approver?: string
}

interface Answer {
  readonly passed: boolean
  readonly text: string
}

/** Asks a database behind the gate one thing, in a connection of its own. */
interface Client {
  /** What a person would have typed before the statement. */
  readonly name: string
  ask(sql: string): Promise<Answer>
}

const DAY: readonly Question[] = [
  {
    why: 'who spends how much? E-mail addresses are masked, also within an expression',
    sql: 'select c.name, c.email, upper(c.email) as loud, sum(o.total) from customers c join orders o on o.customer_id = c.id group by c.id',
    passes: true,
  },
  {
    why: 'find somebody by what is masked: that would tell it',
    sql: "select name from customers where email like 'eve@%'",
    passes: false,
  },
  { why: 'mark an order as sent', sql: "update orders set state = 'sent' where id = 1", passes: true },
  { why: 'forget the WHERE', sql: "update orders set state = 'sent'", passes: false },
  {
    why: 'change more than it seems: undone once the rows are counted',
    sql: "update orders set state = 'sent' where total > 10",
    passes: false,
  },
  { why: 'nothing of that has happened', sql: 'select state, count(*) from orders group by 1', passes: true },
  {
    why: 'delete an order: somebody has to approve',
    sql: "delete from orders where id = 4 and state = 'returned'",
    passes: true,
    approver: 'ann',
  },
]

/** `host:port` where the gate listens for PostgreSQL's clients. */
export async function postgresOf(gate: RunningGate): Promise<string> {
  return (await gate.running.printed(/postgres on (\S+)/))[1] ?? ''
}

/** The agent's day in the database; gives the surprises. */
export async function databaseDay(
  gate: RunningGate,
  people: Issuer,
  role: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const port = (await postgresOf(gate)).split(':').at(-1) ?? ''
  const made = await execute(`${ROOT}/bin/sallyport`, ['token', '--target', 'orders', '--port', port], {
    env,
  })
  console.log(`$ export PGPASSWORD=$(sallyport token --target orders)\n  ${made.stderr}`)
  if (made.code !== 0) return 1
  const settings = {
    host: '127.0.0.1',
    port,
    user: role.split('/').at(-1) ?? '',
    password: made.stdout.trim(),
  }
  const client = (await psql(settings)) ?? nodePostgres(settings)
  let surprises = 0
  for (const question of DAY) surprises += await ask(question, client, gate, people)
  return surprises
}

async function ask(question: Question, client: Client, gate: RunningGate, people: Issuer): Promise<number> {
  const { why, sql, passes, approver } = question
  const approving = approver === undefined ? undefined : approve(gate, people, approver)
  // Where nobody is asked, nothing is there to approve, and that is told below.
  approving?.catch(() => undefined)
  const { passed, text } = await client.ask(sql)
  showStep(why, `${client.name} "${sql}"`, text, 8)
  const surprises = surprise(passed === passes, passes, text)
  return surprises === 0 ? ((await approving) ?? 0) : surprises
}

interface Settings {
  readonly host: string
  readonly port: string
  readonly user: string
  readonly password: string
}

/** The machine's psql; undefined where it has none that runs. */
async function psql({ host, port, user, password }: Settings): Promise<Client | undefined> {
  const program = which('psql')
  if (program === undefined || (await execute(program, ['--version'])).code !== 0) return undefined
  const env = { PATH: process.env['PATH'], PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password }
  return {
    name: 'psql orders -c',
    async ask(sql) {
      const { code, stdout, stderr } = await execute(program, ['-X', '-d', 'orders', '-c', sql], { env })
      return { passed: code === 0, text: stderr + stdout }
    },
  }
}

/** node-postgres in its place. */
function nodePostgres({ host, port, user, password }: Settings): Client {
  const settings = { host, port: Number(port), user, password, database: 'orders' }
  return {
    name: '(node-postgres: there is no psql)',
    async ask(sql) {
      const client = new pg.Client(settings)
      const notices: string[] = []
      client.on('notice', ({ message }) => notices.push(`NOTICE:  ${message}`))
      await client.connect()
      try {
        const { rows, command, rowCount } = await client.query(sql)
        const shown = rows.length > 0 ? rows.map(row => JSON.stringify(row)) : [`${command} ${rowCount}`]
        return { passed: true, text: [...notices, ...shown].join('\n') }
      } catch (error) {
        return { passed: false, text: told(error as pg.DatabaseError) }
      } finally {
        await client.end()
      }
    },
  }
}

/** An error as psql writes it. */
function told({ message, detail, hint }: pg.DatabaseError): string {
  const more = [detail && `DETAIL:  ${detail}`, hint && `HINT:  ${hint}`]
  return [`ERROR:  ${message}`, ...more].filter(Boolean).join('\n')
}
