import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { ManualClock } from '../../src/core/clock.ts'
import type { BackendMessage } from '../../src/wire/postgres/messages.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { showsCanary } from './sql/canaries.ts'
import { Attacker, type Step, statesOf } from './sql/postgres-attacker.ts'

/** A way around the gate, tried by somebody with a valid but narrow credential; each a file. */
interface Evasion {
  readonly why: string
  /** Columns that are masked. */
  readonly masks?: readonly string[]
  /** Patterns of `ACTION RESOURCE` that are denied. */
  readonly deny?: readonly string[]
  /** What stands in the database before, beside the shop; run by its owner. */
  readonly setup?: readonly string[]
  readonly session: readonly Step[]
  /** What the owner can read afterwards, where the evasion would have changed something. */
  readonly probe?: string
  readonly holds: keyof typeof HOLDS
  /** The server itself does not let this happen, or not in this version: then the gate alone is asked. */
  readonly gateAlone?: boolean
  /** The gate ends the connection. */
  readonly ends?: boolean
}

/** What came of a session: by the gate, and straight at the server. */
interface Outcome {
  readonly heard: Buffer
  readonly messages: readonly BackendMessage[]
  readonly probed: string
}

const HOLDS = {
  /** No masked or denied value is in anything that the client receives. */
  hidden: {
    works: ({ heard }: Outcome) => showsCanary(heard),
    fails: ({ heard }: Outcome) => !showsCanary(heard),
  },
  /** Somewhere the gate says no, where the server itself does not. */
  denied: {
    works: ({ messages }: Outcome) => statesOf(messages).length === 0,
    fails: ({ messages, heard }: Outcome) =>
      statesOf(messages).some(state => DENIALS.has(state)) && !showsCanary(heard),
  },
  /** What the owner reads afterwards is what it was before. */
  unexecuted: {
    works: ({ probed }: Outcome, before: string) => probed !== before,
    fails: ({ probed, heard }: Outcome, before: string) => probed === before && !showsCanary(heard),
  },
  /** Whatever comes of it: each question has its own answer afterwards. */
  'in-step': {
    works: () => true,
    fails: ({ heard }: Outcome) => !showsCanary(heard),
  },
} as const

/** Not allowed, not supported, a violation of the protocol, and a name that the gate does not know. */
const DENIALS: ReadonlySet<string> = new Set(['42501', '0A000', '08P01', '26000', '34000'])

const FOLDER = new URL('sql/postgres/', import.meta.url)
const SHOP = readFileSync(new URL('shop.sql', FOLDER), 'utf8')
const EMPTY = readFileSync(new URL('empty.sql', FOLDER), 'utf8')
/** Evasions that are tried at once: where one waits for its server, another has the processor. */
const LANES = 4
/** After which a gate asks whether others have changed the catalog. */
const A_MOMENT_MS = 5_000

/** A server with a gate before it, where one evasion at a time is tried: what one leaves, no other sees. */
interface Lane {
  readonly server: Postgres
  readonly gate: TestGate
  readonly catalogClock: ManualClock
  /** Connected to the shop. */
  readonly owner: pg.Client
  /** Connected to the shop by the gate. */
  readonly nudge: pg.Client
}

async function openLane(server: Postgres): Promise<Lane> {
  const shared = new pg.Client(await server.database('shared'))
  await shared.connect()
  await shared.query(SHOP)
  await shared.end()
  const owner = new pg.Client(await server.database('shop'))
  await owner.connect()
  const catalogClock = new ManualClock(0)
  const gate = await startPostgresGate(server.port, undefined, { catalogClock })
  const nudge = new pg.Client(gate.url().replace(/postgres$/, 'shop'))
  await nudge.connect()
  return { server, gate, catalogClock, owner, nudge }
}

const SETTINGS = ['max_prepared_transactions=5', 'wal_level=logical']
const first = await startPostgres({ settings: SETTINGS })
const skip = 'missing' in first ? first.missing : false
const servers: Postgres[] = 'missing' in first ? [] : [first]
const lanes: Lane[] = []
/** Those of `lanes` that nobody uses. */
const free: Lane[] = []

before(async () => {
  if (skip !== false) return
  while (servers.length < LANES) servers.push((await startPostgres({ settings: SETTINGS })) as Postgres)
  for (const server of servers) lanes.push(await openLane(server))
  free.push(...lanes)
})
after(async () => {
  for (const { nudge, owner, gate } of lanes) {
    await nudge.end()
    await owner.end()
    await gate.stop()
  }
  for (const server of servers) await server.stop()
})

/** What changes nothing needs no database of its own. */
const READS = /^\(*(select|table|values|with|explain|copy \()\b/
const CHANGES =
  /\b(insert|update|delete|merge|into|create|set_config|nextval|lo_\w+|write_down|pg_\w+_slot\w*|flip)\b/

function changes({ setup, probe, session }: Evasion): boolean {
  if (setup !== undefined || probe !== undefined) return true
  return !session.every(step => typeof step === 'string' && READS.test(step) && !CHANGES.test(step))
}

/** Makes the shop anew, with what an evasion wants in it, and nothing of the one before. */
async function renewed({ owner }: Lane, setup: readonly string[]): Promise<void> {
  await owner.query(EMPTY)
  await owner.query(SHOP)
  for (const sql of setup) await owner.query(sql)
}

/** What is changed by another way than the gate, it sees a moment later; what is changed by it, at once. */
async function noticed({ gate, catalogClock, nudge }: Lane): Promise<void> {
  gate.policy.deny = []
  gate.policy.masks = []
  catalogClock.advance(A_MOMENT_MS)
  const isDone = (): Promise<boolean> =>
    nudge.query('do $$ begin end $$').then(
      () => true,
      () => false,
    )
  while (!(await isDone())) await new Promise(resolve => setImmediate(resolve))
}

async function probed({ owner }: Lane, { probe }: Evasion): Promise<string> {
  return probe === undefined ? '' : JSON.stringify((await owner.query(probe)).rows)
}

async function tried(
  lane: Lane,
  evasion: Evasion,
  way: 'gate' | 'straight',
): Promise<{ readonly outcome: Outcome; readonly before: string; readonly inStep: string }> {
  const { gate, server } = lane
  const isChanging = changes(evasion)
  if (isChanging) await renewed(lane, evasion.setup ?? [])
  if (isChanging && way === 'gate') await noticed(lane)
  gate.policy.masks = evasion.masks === undefined ? [] : [{ columns: [...evasion.masks], as: 'full' }]
  gate.policy.deny = (evasion.deny ?? []).map(pattern => new RegExp(pattern))
  const before = await probed(lane, evasion)
  const database = isChanging ? 'shop' : 'shared'
  const attacker = await (way === 'gate'
    ? Attacker.byGate(gate.port, database)
    : Attacker.straight(server.port, database))
  try {
    for (const step of evasion.session) await attacker.say(step)
    const { messages, heard } = attacker
    const outcome = { messages: [...messages], heard, probed: await probed(lane, evasion) }
    return { outcome, before, inStep: await stepOf(attacker) }
  } finally {
    attacker.leave()
  }
}

async function holds(lane: Lane, evasion: Evasion): Promise<void> {
  const { works, fails } = HOLDS[evasion.holds]
  if (evasion.gateAlone !== true) {
    const { outcome, before } = await tried(lane, evasion, 'straight')
    assert.ok(works(outcome, before), `straight at the server it does nothing: ${shown(outcome)}`)
  }
  const { outcome, before, inStep } = await tried(lane, evasion, 'gate')
  assert.ok(fails(outcome, before), shown(outcome))
  if (evasion.ends === true) assert.equal(inStep, 'closed')
  else assert.ok(IN_STEP.includes(inStep), `out of step: ${inStep}`)
}

/** What one more question is answered with, in short. */
async function stepOf(attacker: Attacker): Promise<string> {
  if (attacker.closed) return 'closed'
  await attacker.say('rollback')
  const answer = await attacker.say("select 'in step'")
  if (attacker.closed) return 'closed'
  return answer
    .map(message => (message.kind === 'data-row' ? `'${message.values.join()}'` : message.kind))
    .join(' ')
}

const IN_STEP = ["row-description 'in step' command-complete ready", 'error ready']

describe('evasions of the PostgreSQL gate', { skip, concurrency: LANES }, () => {
  for (const file of readdirSync(FOLDER).sort()) {
    if (!file.endsWith('.json')) continue
    const evasion = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Evasion
    it(`${file}: ${evasion.why}`, async () => {
      const lane = free.pop()
      assert.ok(lane, 'as many lanes as evasions at once')
      try {
        await holds(lane, evasion)
      } finally {
        free.push(lane)
      }
    })
  }
})

function shown({ messages, heard, probed }: Outcome): string {
  const errors = messages.flatMap(message =>
    message.kind === 'error' ? [message.fields.map(([, text]) => text).join(' ')] : [],
  )
  return JSON.stringify({ errors, probed, heard: heard.toString('latin1').slice(-1500) })
}
