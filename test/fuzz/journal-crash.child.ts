/**
 * Appends calls to the journal in the folder named by the first argument until it is killed, 16 at a
 * time; says of each when it was acknowledged. Run by `journal-crash.test.ts`.
 */
import { writeSync } from 'node:fs'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { newId } from '../../src/core/id.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'

const [, , folder = ''] = process.argv
const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}
const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after }
const journal = await openJournal({ folder, lane: 0, segmentBytes: 20_000 }, ports)
const padding = 'x'.repeat(400)

async function client(): Promise<never> {
  for (;;) {
    const id = newId(systemClock, systemRandom)
    const timeMs = Date.now()
    await journal.append({
      type: 'decision',
      id,
      timeMs,
      clientAddress: padding,
      effect: 'allow',
      statements: [],
    })
    writeSync(1, `${id}\n`)
    void journal.append({
      type: 'outcome',
      id: `${id}-end`,
      timeMs,
      decisionId: id,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
    })
  }
}

await Promise.all(Array.from({ length: 16 }, client))
