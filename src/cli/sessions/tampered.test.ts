import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../record/calls.ts'
import { SAMPLES } from '../../record/export/samples.fixture.ts'
import { endOf } from './ends.ts'
import { bodyLines } from './kept-bodies.ts'
import { paint } from './paint.ts'
import { Timeline } from './timeline.ts'

/** Clears a screen, sets a title, and begins a line of its own. */
const COMMANDS = '1\u001b[2J\u001b]0;mine\u0007\n\u009b31m'
const PLAIN = paint(false)

/** The value with one leaf after another replaced, with the path to it. */
function* tampered(value: unknown, path = ''): Generator<{ path: string; value: unknown }, void> {
  if (typeof value !== 'object' || value === null) {
    yield { path, value: COMMANDS }
    return
  }
  for (const [key, member] of Object.entries(value)) {
    // What kind of entry it is decides the reader, not the journal.
    if (path === '' && key === 'kind') continue
    for (const changed of tampered(member, `${path}.${key}`)) {
      const copy = Array.isArray(value) ? [...value] : { ...value }
      Object.assign(copy, { [key]: changed.value })
      yield { path: changed.path, value: copy }
    }
  }
}

const BODIES: readonly Entry[] = SAMPLES.flatMap(entry => {
  if (entry.kind !== 'call' || entry.ending.kind !== 'outcome') return []
  const outcome = {
    ...entry.ending.outcome,
    masked: { count: 2, places: ['a'] },
    requestBody: { bytes: 3, sha256: 'ab', blob: 'x', text: 'abc' },
    replyBody: { bytes: 3, sha256: 'ab', base64: '/w8=', cut: 'it broke off' },
  }
  return [{ ...entry, ending: { kind: 'outcome' as const, outcome } }]
})

test('a recording that somebody has written into does not speak to the terminal, whichever value it is', () => {
  for (const sample of [...SAMPLES, ...BODIES]) {
    for (const { path, value } of tampered(sample)) {
      // Readers rely on times: they are checked when an event is read.
      if (path.endsWith('.timeMs') || path.endsWith('.ending.kind')) continue
      const entry = value as Entry
      const lines = [false, true].flatMap(many => new Timeline(PLAIN, { columns: 80, many }).lines(entry))
      if (entry.kind === 'call') {
        lines.push(...new Timeline(PLAIN).call(entry.decision, entry.ending))
        if (entry.ending.kind === 'outcome') lines.push(...bodyLines(entry.ending.outcome, 'call'))
      }
      for (const line of lines)
        assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/, `${sample.kind}${path}`)
    }
  }
})

test('nor does a list of sessions', () => {
  const ended = { why: COMMANDS, timeMs: 0 } as unknown as NonNullable<Parameters<typeof endOf>[0]['ended']>
  assert.doesNotMatch(endOf({ ended }, 0), /[\u0000-\u001f\u007f-\u009f]/)
})
