import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../core/errors.ts'
import { Archivist, FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from './archivist.ts'
import type { Job } from './job.ts'

/** Timers that a test fires, and what was reported. */
function world() {
  const timers: { readonly delayMs: number; readonly run: () => void; cancelled: boolean }[] = []
  const reports: [string, string | undefined][] = []
  return {
    timers,
    reports,
    ports: {
      after(delayMs: number, run: () => void) {
        const timer = { delayMs, run, cancelled: false }
        timers.push(timer)
        return () => {
          timer.cancelled = true
        }
      },
      chance: () => 1,
      report: (job: string, reason: string | undefined) => void reports.push([job, reason]),
    },
  }
}

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('a job that fails comes again later and later, and is told of once, and once when it works again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async fails => {
      const { ports, timers, reports } = world()
      let round = 0
      const job: Job = {
        name: 'upload',
        async round() {
          if (fails[round++] === true) throw new GateError('internal', 'the bucket is away')
          return 7
        },
      }
      const archivist = new Archivist([job], ports)
      archivist.start()
      let inRow = 0
      let told = false
      let changes = 0
      for (const failed of fails) {
        await settle()
        inRow = failed ? inRow + 1 : 0
        if (failed !== told) changes += 1
        told = failed
        const expected: number = failed ? Math.min(FIRST_PAUSE_MS * 2 ** (inRow - 1), LONGEST_PAUSE_MS) : 7
        assert.equal(timers.at(-1)?.delayMs, expected)
        assert.equal(archivist.troubles.get('upload'), failed ? 'the bucket is away' : undefined)
        timers.at(-1)?.run()
      }
      // The round behind the last one works again.
      await settle()
      assert.equal(reports.length, told ? changes + 1 : changes)
      await archivist.stop()
    }),
  )
})

test('jobs do not wait for each other', async () => {
  const { ports } = world()
  const rounds: string[] = []
  const never: Job = {
    name: 'slow',
    round: signal => new Promise(resolve => signal.addEventListener('abort', () => resolve(0))),
  }
  const quick: Job = {
    name: 'quick',
    async round() {
      rounds.push('quick')
      return 1_000
    },
  }
  const archivist = new Archivist([never, quick], ports)
  archivist.start()
  await settle()
  assert.deepEqual(rounds, ['quick'])
  await archivist.stop()
})

test('stopping ends the round under way and starts no other', async () => {
  const { ports, timers, reports } = world()
  let rounds = 0
  const job: Job = {
    name: 'stream',
    round: signal =>
      new Promise((_, reject) => {
        rounds += 1
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  }
  const archivist = new Archivist([job], ports)
  archivist.start()
  await archivist.stop()
  for (const timer of timers) if (!timer.cancelled) timer.run()
  await settle()
  assert.equal(rounds, 1)
  assert.deepEqual(reports, [], 'a round that was told to end is no trouble')
})

test('what nobody foresaw is told by its kind alone: its message may quote a secret', async () => {
  const { ports, reports } = world()
  const job: Job = {
    name: 'stream',
    round: () =>
      Promise.reject(Object.assign(new Error('https://user:secret@siem'), { code: 'ECONNREFUSED' })),
  }
  const archivist = new Archivist([job], ports)
  archivist.start()
  await settle()
  assert.deepEqual(reports, [['stream', 'it failed with `ECONNREFUSED`']])
  await archivist.stop()
})

test('finishing runs one more round of each job that works, and no other after it', async () => {
  const { ports, timers } = world()
  const rounds: string[] = []
  const job = (name: string, fails: boolean): Job => ({
    name,
    async round() {
      rounds.push(name)
      if (fails) throw new GateError('internal', 'away')
      return 60_000
    },
  })
  const archivist = new Archivist([job('upload', false), job('stream', true)], ports)
  archivist.start()
  await settle()
  await archivist.finish()
  assert.deepEqual(rounds, ['upload', 'stream', 'upload'])
  for (const timer of timers) if (!timer.cancelled) timer.run()
  await settle()
  assert.equal(rounds.length, 3)
  await archivist.stop()
})
