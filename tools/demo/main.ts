/**
 * `make demo`: an agent's day. A stand-in for AWS and a database, the gate before both, and real clients
 * that know of neither but an address. Ends with the recording. `--keep` leaves it all running.
 */

import { ISSUER_URL, type RunningGate, startGate } from '../../test/harness/gate.ts'
import { createIssuer } from '../../test/harness/issuer.ts'
import { startMoto } from '../../test/harness/moto.ts'
import { approve } from './approve.ts'
import { AFTER_THE_END, DAY, POLICY, seed, take } from './aws-day.ts'
import { databaseDay } from './database-day.ts'
import { openShop, SHOP_POLICY } from './shop.ts'
import { bold, chapter, print } from './show.ts'

const keep = process.argv.includes('--keep')

async function main(): Promise<number> {
  console.log(bold('A stand-in for AWS (moto, checking signatures), a database, and the gate before them'))
  const [moto, shop] = await Promise.all([startMoto(['agent']), openShop()])
  const isOpen = !('missing' in shop)
  const role = `arn:aws:iam::${moto.account}:role/agent`
  await seed(moto.endpoint, moto.gateEnv)
  const issuer = await createIssuer(ISSUER_URL)
  const people = await createIssuer('https://idp.example')
  const keeping = [
    { actions: ['s3:GetObject'], what: 'replies' },
    { actions: ['sql:*'], what: 'replies' },
  ]
  const gate = await startGate({
    issuer,
    people,
    roles: [{ arn: role, policies: isOpen ? [POLICY, SHOP_POLICY] : [POLICY] }],
    upstream: moto.endpoint,
    env: { ...moto.gateEnv, ...(isOpen ? shop.gateEnv : {}) },
    config: { record: { keep: keeping }, ...(isOpen ? shop.config : {}) },
  })
  const env = await gate.clientEnv(role, 'agent-7')
  console.log(`  AWS_ENDPOINT_URL=${gate.endpoint}\n  AWS_ROLE_ARN=${role}`)
  console.log(`  AWS_WEB_IDENTITY_TOKEN_FILE=…   (an OIDC token of ${ISSUER_URL} for agent-7)\n`)
  let surprises = 0
  for (const step of DAY) {
    const approving = step.approver === undefined ? undefined : approve(gate, people, step.approver)
    approving?.catch(() => undefined)
    const went = await take(step, env)
    surprises += went === 0 ? ((await approving) ?? 0) : went
  }
  const ofAws = await sessionsOf(gate)

  chapter('The same agent, and a PostgreSQL database behind the same gate')
  if (isOpen) surprises += await databaseDay(gate, people, role, env)
  else console.log(`  skipped: ${shop.missing}`)

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

  if (keep && surprises === 0) await stayUp(gate, env)
  await gate.stop()
  await moto.stop()
  if (isOpen) await shop.stop()
  if (surprises > 0) console.log(`\n${surprises} step(s) did not go as they should`)
  return surprises === 0 ? 0 : 1
}

async function sessionsOf(gate: RunningGate): Promise<readonly string[]> {
  const { stdout } = await gate.sessions('list', '--json')
  const { sessions = [] } = JSON.parse(stdout) as { sessions?: { id: string }[] }
  return sessions.map(({ id }) => id)
}

async function stayUp(gate: RunningGate, env: NodeJS.ProcessEnv): Promise<void> {
  chapter('It stays up. In another shell:')
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION']) {
    console.log(`  export ${name}=${env[name]}`)
  }
  console.log('  aws s3 ls\n')
  console.log(`  bin/sallyport connect orders --config ${gate.folder}/sallyport.yaml`)
  console.log(`  bin/sallyport sessions list --data ${gate.folder}/data`)
  console.log(`  curl ${gate.admin}/readyz\n\nCtrl-C ends it.`)
  await new Promise(resolve => process.once('SIGINT', resolve))
}

process.exitCode = await main()
