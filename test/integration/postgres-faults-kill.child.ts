/**
 * A gate with a journal in the folder of the second argument, before the PostgreSQL server on the port of the first; says its
 * own port and serves until it is killed. Run by `postgres-faults-kill.test.ts`.
 */
import { writeSync } from 'node:fs'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { SqlJournalRecorder } from '../../src/gateway/sql/recorder.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { startPostgresGate } from '../harness/postgres-gate.ts'

const [, , port = '', folder = ''] = process.argv
const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}
const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after }
const journal = await openJournal({ folder, lane: 0 }, ports)
const recorder = new SqlJournalRecorder({
  journal,
  clock: systemClock,
  random: systemRandom,
  parametersBytes: 64 * 1024,
  keeping: () => ({ level: 'parameters', replyBytes: 0 }),
  strangers: { take: () => true },
})
const gate = await startPostgresGate(Number(port), undefined, { rooms: { recorder } })
writeSync(1, `port ${gate.port}\n`)
