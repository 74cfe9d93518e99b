import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { STARTER } from '../config/starter.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { DecisionEvent } from '../record/event.ts'
import { openJournal } from '../record/journal.ts'
import { nodeFiles } from '../record/node-files.ts'
import { sqlDecision } from '../record/sql.fixture.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'src', 'main.ts')

for (const [name, count] of [
  ['policy.md', 3],
  ['policy-sql.md', 2],
] as const) {
  test(`the examples of docs/${name} give what the page says`, t => givesWhatItSays(t, name, count))
}

/** Writes the files of a page, and runs its commands whose output stands there. */
function givesWhatItSays(t: TestContext, name: string, count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const page = readFileSync(join(ROOT, 'docs', name), 'utf8')
  for (const [, name = '', text = ''] of page.matchAll(/^```yaml file=(\S+)\n([\s\S]*?)^```/gm)) {
    writeFileSync(join(folder, name), text)
  }
  let shown = 0
  for (const [, text = ''] of page.matchAll(/^```console\n([\s\S]*?)^```/gm)) {
    const [command = '', ...expected] = text.split('\n')
    if (expected[0] === '' || expected[0]?.startsWith('$')) continue
    shown++
    const args = command.replace(/^\$ sallyport /, '').split(' ')
    const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8' })
    assert.equal(stderr + stdout, expected.join('\n'), command)
  }
  assert.equal(shown, count)
}

test('the vectors hold with command lines interpreted for real', () => {
  const files = globSync(join(ROOT, 'vectors', 'policy', '*.yaml')).filter(
    path => !path.endsWith('.policy.yaml'),
  )
  const out = execFileSync(process.execPath, [MAIN, 'policy', 'test', ...files], { encoding: 'utf8' })
  assert.match(out, /^(\d+) of \1 cases passed\n$/)
})

const EVENT: DecisionEvent = {
  type: 'decision',
  id: '01JD9Q3V7T5W8ZK2M4N6P8R0SA',
  timeMs: Date.UTC(2026, 0, 2),
  sessionId: '01JD9Q3V7T5W8ZK2M4N6P8R0SB',
  principal: {
    arn: 'arn:aws:sts::111122223333:assumed-role/deploy/ann',
    roleArn: 'arn:aws:iam::111122223333:role/deploy',
    issuer: 'github',
    subject: 'repo:example/shop',
    actingFor: [],
  },
  clientAddress: '192.0.2.1',
  call: {
    service: 's3',
    operation: 'GetObject',
    region: 'eu-west-1',
    parameters: { Bucket: 'builds', Key: 'app.zip' },
    redacted: [],
    truncated: false,
    pairs: [{ action: 's3:GetObject', resource: 'arn:aws:s3:::builds/app.zip', certainty: 'exact' }],
  },
  effect: 'allow',
  statements: [],
}

const STATEMENT: DecisionEvent = {
  ...sqlDecision('01JD9Q3V7T5W8ZK2M4N6P8R0SC', Date.UTC(2026, 0, 2)),
  ...(EVENT.principal && { principal: EVENT.principal }),
}

test('a recorded call is explained by the policies of now', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const { path, text } of STARTER) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const journal = await openJournal(
    { folder: join(folder, 'data', 'journal'), lane: 0, durability: 'os' },
    { files: nodeFiles, clock: systemClock, random: systemRandom, after: () => () => undefined },
  )
  await journal.append(EVENT)
  await journal.append(STATEMENT)
  await journal.close()
  const explain = (id: string) =>
    spawnSync(process.execPath, [MAIN, 'policy', 'explain', '--event', id], { cwd: folder, encoding: 'utf8' })
  const found = explain(EVENT.id)
  assert.equal(found.status, 0, found.stderr)
  assert.match(
    found.stdout,
    /^ALLOWED\n\nallow s3:GetObject on arn:aws:s3:::builds\/app\.zip\n {2}matched: Allow `ReadBuilds`/,
  )
  assert.match(found.stderr, /^note: decided by the policies of now/)
  const statement = explain(STATEMENT.id)
  assert.equal(statement.status, 1, statement.stderr)
  assert.match(
    statement.stdout,
    /sql:Select on arn:sallyport:sql:eu-central-1:111122223333:orders\/shop\/public\.customers/,
  )
  assert.match(statement.stderr, /without what no event records: .*sql:Columns/)
  const session = explain('01JD9Q3V7T5W8ZK2M4N6P8R0SB')
  assert.equal(session.status, 1)
  assert.match(session.stderr, /is a session, not a call/)
  assert.equal(explain('nothing').status, 1)
})
