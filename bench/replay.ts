/**
 * How long it takes until `sallyport sessions replay` shows its first line: of a session at the end of a made-up journal,
 * process and all. Run with: node bench/replay.ts [EVENTS] [--rows]
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { openJournal } from '../src/record/journal.ts'
import { nodeFiles } from '../src/record/node-files.ts'
import { ROOT } from '../test/harness/process.ts'
import { endOf, generateJournal, journalBytes } from './search.ts'

const RUNS = 5

export interface ReplayMeasures {
  readonly events: number
  readonly journalBytes: number
  /** The median. */
  readonly startMs: number
}

export async function measureReplay(events: number): Promise<ReplayMeasures> {
  const data = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
  try {
    const folder = join(data, 'journal')
    await generateJournal(folder, events)
    const sessionId = await addSession(folder, endOf(events) + 1_000)
    const times: number[] = []
    for (let run = 0; run < RUNS; run++) times.push(await firstLine(data, sessionId))
    const startMs = times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0
    return { events, journalBytes: await journalBytes(folder), startMs: Math.round(startMs) }
  } finally {
    await rm(data, { recursive: true })
  }
}

/** A session of two calls behind everything else. */
async function addSession(folder: string, timeMs: number): Promise<string> {
  const clock = { now: () => timeMs }
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  const journal = await openJournal(
    { folder, lane: 0 },
    { files: nodeFiles, clock, random: systemRandom, after },
  )
  const sessionId = newId(clock, systemRandom)
  for (let call = 0; call < 2; call++) {
    const id = newId(clock, systemRandom)
    await journal.append({
      type: 'decision',
      id,
      timeMs,
      sessionId,
      clientAddress: '::1',
      effect: 'deny',
      statements: [],
    })
  }
  await journal.close()
  return sessionId
}

function firstLine(data: string, sessionId: string): Promise<number> {
  const began = performance.now()
  const child = spawn(join(ROOT, 'bin/sallyport'), ['sessions', 'replay', sessionId, '--data', data])
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    let text = ''
    let firstMs: number | undefined
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('DENY')) firstMs ??= performance.now() - began
    })
    child.once('close', () => {
      if (firstMs === undefined) reject(new Error(`the session was not replayed: ${text}`))
      else resolve(firstMs)
    })
  })
}

if (import.meta.main) {
  const { events, startMs, journalBytes: bytes } = await measureReplay(Number(process.argv[2] ?? 1_000_000))
  const [many, perEvent] = [events.toLocaleString('en'), (bytes / events).toFixed(0)]
  console.log(`Journal of ${many} events: bytes an event\t${perEvent}`)
  console.log(
    `Replay of the newest session among ${many} events: its first line\t${startMs} ms, the process started`,
  )
}
