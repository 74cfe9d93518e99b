import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { noTerminal } from '../../src/cli/sessions/terminal.fixture.ts'
import { sessions } from '../../src/cli/sessions.ts'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { SqlJournalRecorder } from '../../src/gateway/sql/recorder.ts'
import type { JournalEvent } from '../../src/record/event.ts'
import { openJournal } from '../../src/record/journal.ts'
import { compileKeeping } from '../../src/record/keep/keep.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'

/** A real journal with everything kept that may be, for the gate of a database. */
export interface SqlRecording {
  readonly recorder: SqlJournalRecorder
  /** All events, once each statement that passed has its outcome. */
  events(): Promise<readonly JournalEvent[]>
  /** What `sallyport sessions …` prints. */
  shown(...args: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** Bytes of results that are kept. */
export const KEPT_BYTES = 8_192

export async function startSqlRecording(): Promise<SqlRecording> {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-recording-sql-'))
  const source = { files: nodeFiles, folder: join(data, 'journal') }
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after }
  const journal = await openJournal({ folder: source.folder, lane: 0 }, ports)
  const recorder = new SqlJournalRecorder({
    journal,
    clock: systemClock,
    random: systemRandom,
    parametersBytes: 16_384,
    keeping: compileKeeping([{ roles: [], actions: [], level: 'replies', replyBytes: KEPT_BYTES }]),
    strangers: { take: () => true },
  })
  return {
    recorder,
    async events() {
      for (;;) {
        const all: JournalEvent[] = []
        for await (const { event } of readJournal(source)) all.push(event)
        const ended = new Set(all.flatMap(event => (event.type === 'outcome' ? [event.decisionId] : [])))
        const isWhole = all.every(
          event => event.type !== 'decision' || event.effect === 'deny' || ended.has(event.id),
        )
        if (all.length > 0 && isWhole) return all
        await sleep(20)
      }
    },
    async shown(...args) {
      let text = ''
      const code = await sessions([...args, '--data', data], {
        files: nodeFiles,
        dataFolder: async (path: string) => path,
        out: async (more: string) => {
          text += more
        },
        err: (more: string) => assert.fail(more),
        colored: false,
        sleep: async () => undefined,
        terminal: noTerminal(),
        random: systemRandom,
      } as never)
      assert.equal(code, 0)
      return text
    },
    async stop() {
      await journal.close()
      rmSync(data, { recursive: true })
    },
  }
}

/** Fails where an event has such a text in it: as it is, in base64, or in hex. */
export function assertNowhere(events: readonly JournalEvent[], canary: RegExp, hex: string): void {
  for (const event of events) {
    const json = JSON.stringify(event)
    assert.doesNotMatch(json, canary, json)
    for (const [, base64 = ''] of json.matchAll(/base64:([A-Za-z0-9+/=]+)/g)) {
      assert.doesNotMatch(Buffer.from(base64, 'base64').toString('latin1'), canary, json)
    }
    assert.ok(!json.toLowerCase().includes(hex), json)
  }
}
