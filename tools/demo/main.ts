/**
 * `make demo`: an agent's day. A stand-in for AWS and a database, the gate before both, and real clients
 * that know of neither but an address. Ends with the recording. `--keep` leaves it all running.
 */
import { resolve } from 'node:path'
import { type GateOptions, ISSUER_URL, type RunningGate, startGate } from '../../test/harness/gate.ts'
import { createIssuer, type Issuer } from '../../test/harness/issuer.ts'
import { startMoto } from '../../test/harness/moto.ts'
import type { NoPostgres } from '../../test/harness/postgres.ts'
import { approve } from './approve.ts'
import { AFTER_THE_END, DAY, POLICY, seed, take } from './aws-day.ts'
import { databaseDay, postgresOf } from './database-day.ts'
import { openShop, SHOP_POLICY, type Shop } from './shop.ts'
import { bold, chapter, print } from './show.ts'

// Each command is a program that starts: it takes what Node compiled for the one before.
process.env['NODE_COMPILE_CACHE'] ??= resolve('.build/compiled')

const keep = process.argv.includes('--keep')
// Who is interrupted takes the servers along.
const interrupted = (): never => process.exit(130)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)

/** What runs at the side of the gate. */
interface World {
  readonly gate: RunningGate
  readonly people: Issuer
  readonly role: string
  readonly shop: Shop | NoPostgres
}

async function main(): Promise<number> {
  console.log(bold('A stand-in for AWS (moto, checking signatures), a database, and the gate before them'))
  const [moto, shop] = await Promise.all([startMoto(['agent']), openShop()])
  let gate: RunningGate | undefined
  try {
    const role = `arn:aws:iam::${moto.account}:role/agent`
    await seed(moto.endpoint, moto.gateEnv)
    const issuer = await createIssuer(ISSUER_URL)
    const people = await createIssuer('https://idp.example')
    gate = await startGate({
      issuer,
      people,
      upstream: moto.endpoint,
      env: moto.gateEnv,
      ...settings(role, shop),
    })
    const surprises = await day({ gate, people, role, shop })
    if (surprises > 0) console.log(`\n${surprises} step(s) did not go as they should`)
    return surprises === 0 ? 0 : 1
  } finally {
    await gate?.stop()
    await moto.stop()
    if (!('missing' in shop)) await shop.stop()
  }
}

/** Those of the gate that depend on whether there is a database. */
function settings(role: string, shop: Shop | NoPostgres): Pick<GateOptions, 'roles' | 'files' | 'config'> {
  const record = {
    keep: [
      { actions: ['s3:GetObject'], what: 'replies' },
      { actions: ['sql:*'], what: 'replies' },
    ],
  }
  if ('missing' in shop) return { roles: [{ arn: role, policies: [POLICY] }], config: { record } }
  return {
    roles: [{ arn: role, policies: [POLICY, SHOP_POLICY] }],
    files: shop.files,
    config: { record, ...shop.config },
  }
}

/** All that the agent does, and what people see of it; gives the surprises. */
async function day({ gate, people, role, shop }: World): Promise<number> {
  const env = await gate.clientEnv(role, 'agent-7')
  console.log(`  AWS_ENDPOINT_URL=${gate.endpoint}\n  AWS_ROLE_ARN=${role}`)
  console.log(`  AWS_WEB_IDENTITY_TOKEN_FILE=…   (an OIDC token of ${ISSUER_URL} for agent-7)\n`)
  let surprises = 0
  for (const step of DAY) {
    const approving = step.approver === undefined ? undefined : approve(gate, people, step.approver)
    // Where nobody is asked, nothing is there to approve, and that is told by the step.
    approving?.catch(() => undefined)
    const went = await take(step, env)
    surprises += went === 0 ? ((await approving) ?? 0) : went
  }
  const ofAws = await sessionsOf(gate)

  chapter('The same agent, and a PostgreSQL database behind the same gate')
  if ('missing' in shop) console.log(`  skipped: ${shop.missing}`)
  else surprises += await databaseDay(gate, people, role, env)

  chapter('What the journal says of it')
  surprises += await print(gate.sessions('list'))
  const all = await sessionsOf(gate)
  for (const id of ofAws) surprises += await print(gate.sessions('show', id))
  for (const id of all.filter(each => !ofAws.includes(each))) {
    chapter('The session in the database, played again')
    surprises += await print(gate.sessions('replay', id, '--speed', '1000'))
  }
  chapter('What was denied today?')
  surprises += await print(gate.sessions('search', 'effect:deny', 'since:1h'))

  chapter('Somebody has seen enough, and ends the sessions')
  for (const id of all) {
    surprises += await print(gate.as(gate.adminToken, 'sessions', 'kill', id, '--reason', 'enough for today'))
  }
  surprises += await take(AFTER_THE_END, env)
  surprises += await print(gate.sessions('verify'))
  if (keep && surprises === 0) await stayUp(gate, env, !('missing' in shop))
  return surprises
}

async function sessionsOf(gate: RunningGate): Promise<readonly string[]> {
  const { stdout } = await gate.sessions('list', '--json')
  const { sessions = [] } = JSON.parse(stdout) as { sessions?: { id: string }[] }
  return sessions.map(({ id }) => id)
}

async function stayUp(gate: RunningGate, env: NodeJS.ProcessEnv, hasShop: boolean): Promise<void> {
  chapter('It stays up. In another shell:')
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION']) {
    console.log(`  export ${name}=${env[name]}`)
  }
  console.log('  aws s3 ls\n')
  if (hasShop)
    console.log(
      `  bin/sallyport connect orders --config ${gate.folder}/sallyport.yaml --gate ${await postgresOf(gate)}`,
    )
  console.log(`  bin/sallyport sessions list --data ${gate.folder}/data`)
  console.log(`  curl ${gate.admin}/readyz\n\nCtrl-C ends it.`)
  process.off('SIGINT', interrupted)
  await new Promise(resolve => process.once('SIGINT', resolve))
}

process.exitCode = await main()
