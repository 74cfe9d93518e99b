/**
 * A million events through the journal with retention on: what is left verifies, memory and disk stay bounded. Run with:
 * node bench/soak.ts [EVENTS]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { secretFiles } from '../src/identity/secret-files.ts'
import { openFileSigner } from '../src/record/checkpoint/keys-signer.ts'
import { byId } from '../src/record/checkpoint/signer.ts'
import type { DecisionEvent, OutcomeEvent } from '../src/record/event.ts'
import { openJournal } from '../src/record/journal.ts'
import { nodeFiles } from '../src/record/node-files.ts'
import { addHoldWord } from '../src/record/retention/holds.ts'
import { createRetention } from '../src/record/retention/retention.ts'
import { layout, segmentNumbers } from '../src/record/segment.ts'
import { verifyJournal } from '../src/record/verify.ts'

const EVENTS = Number(process.argv[2] ?? 1_000_000)
const AT_ONCE = 128
const SEGMENT_BYTES = 8 * 1024 * 1024
const KEPT_BYTES = 64 * 1024 * 1024
const HELD = 'HELDSESSION'

const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

function decision(id: string, sessionId: string): DecisionEvent {
  return {
    type: 'decision',
    id,
    timeMs: Date.now(),
    sessionId,
    principal: {
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/run-17',
      roleArn: 'arn:aws:iam::111122223333:role/agent',
      issuer: 'github',
      subject: 'repo:example/app:ref:refs/heads/main',
      actingFor: [],
    },
    clientAddress: '10.0.0.17',
    effect: 'allow',
    statements: [{ policy: 'policies/agent.yaml', statement: 'CleanUp', effect: 'Allow' }],
  }
}

function outcome(decisionId: string, sessionId: string): OutcomeEvent {
  const id = newId(systemClock, systemRandom)
  const bytes = { bytesIn: 12, bytesOut: 3456, durationMs: 78 }
  return { type: 'outcome', id, timeMs: Date.now(), sessionId, decisionId, status: 200, ...bytes }
}

const root = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-soak-'))
try {
  const folder = join(root, 'journal')
  const files = nodeFiles
  const ports = { files, clock: systemClock, random: systemRandom, after }
  const signer = openFileSigner({ path: join(root, 'keys', 'journal.json'), ...ports, files: secretFiles })
  const keys = byId([signer.publicKey])
  const journal = await openJournal(
    { folder, lane: 0, segmentBytes: SEGMENT_BYTES },
    { ...ports, checkpoints: { signer, everyMs: 1_000 } },
  )
  await addHoldWord({ files, folder }, { what: 'hold', session: HELD, timeMs: 1, by: 'soak', reason: 'soak' })
  const retention = createRetention({
    files,
    folder,
    rules: { bytes: KEPT_BYTES },
    keys,
    writes: () => true,
    clock: systemClock,
    random: systemRandom,
    append: event => journal.append(event),
  })
  const { signal } = new AbortController()
  let written = 0
  let [done, rounds, roundMs] = [false, 0, 0]
  const retain = async (): Promise<void> => {
    while (!done) {
      const began = performance.now()
      await retention.round(signal)
      roundMs += performance.now() - began
      rounds++
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
  const client = async (): Promise<void> => {
    while (written < EVENTS) {
      written += 2
      const id = newId(systemClock, systemRandom)
      const session = written === 200_000 ? HELD : `SESSION${written % 1_000}`
      await journal.append(decision(id, session))
      await journal.append(outcome(id, session))
    }
  }
  const began = performance.now()
  const retaining = retain()
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  const seconds = (performance.now() - began) / 1_000
  done = true
  await retaining
  while ((await retention.round(signal)) < 60_000) await new Promise(resolve => setTimeout(resolve, 1_100))
  await journal.close()
  const verifying = performance.now()
  const report = await verifyJournal({ files, folder }, keys, { signed: true })
  const verifyMs = performance.now() - verifying
  const segments = segmentNumbers(await files.list(layout.lane(folder, 0)))
  const [lane] = report.lanes
  const gone = lane?.removed ?? []
  const removed = gone.reduce((sum, { events: [first, last] }) => sum + last - first + 1, 0)
  const bytes = segments.length * SEGMENT_BYTES
  console.log(
    `${written} events in ${seconds.toFixed(1)} s: ${Math.round(written / seconds)} events/s with fsync`,
  )
  console.log(`${rounds} rounds of retention, ${(roundMs / rounds).toFixed(0)} ms each`)
  console.log(
    `${removed} events removed in ${gone.length} gaps; segments left: ${segments.join(' ')} (at most ${bytes} bytes)`,
  )
  console.log(`about ${Math.round((SEGMENT_BYTES * (segments.at(-1) ?? 1)) / written)} bytes an event`)
  console.log(
    `verify: ${Math.round(((written - removed) / verifyMs) * 1_000)} events/s, whole: ${report.whole}`,
  )
  console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
  if (!report.whole) throw new Error(JSON.stringify(report))
} finally {
  await rm(root, { recursive: true })
}
