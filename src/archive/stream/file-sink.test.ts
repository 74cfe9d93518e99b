import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { FileSink } from './file-sink.ts'
import type { Outbound } from './outbound.ts'

function event(id: string): Outbound {
  const text = JSON.stringify({ id })
  return { id, timeMs: 0, kind: 'call', sessionId: undefined, weight: 'information', text, short: () => text }
}

async function withSink(run: (path: string, sink: FileSink) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stream-'))
  const path = join(folder, 'events.jsonl')
  const sink = new FileSink(path)
  try {
    await run(path, sink)
  } finally {
    await sink.close()
    rmSync(folder, { recursive: true })
  }
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n')

test('a line for each event; a file that was rotated away is left alone', () =>
  withSink(async (path, sink) => {
    await sink.deliver([event('a'), event('b')])
    renameSync(path, `${path}.1`)
    await sink.deliver([event('c')])
    assert.deepEqual(linesOf(`${path}.1`), ['{"id":"a"}', '{"id":"b"}', ''])
    assert.deepEqual(linesOf(path), ['{"id":"c"}', ''])
    writeFileSync(path, '')
    await sink.deliver([event('d')])
    assert.deepEqual(linesOf(path), ['{"id":"d"}', ''])
  }))

test('killed at any byte of a batch: the next process leaves whole lines alone', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(30), cut =>
      withSink(async (path, sink) => {
        const whole = '{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n'
        writeFileSync(path, whole.slice(0, cut))
        await sink.deliver([event('a'), event('b')])
        const [tail, ...lines] = linesOf(path).reverse()
        assert.equal(tail, '')
        for (const line of lines) assert.match(line, /^\{"id":"[abc]"\}$/)
        assert.equal(lines.length, Math.floor((cut + 1) / 11) + 2)
      }),
    ),
    { numRuns: 31 },
  ))

for (const notes of ['notes of somebody', '{"keys":["of somebody"]}', '{"keys":\n["of somebody"]}']) {
  test(`text without an end that is not ours is ended, not cut: ${JSON.stringify(notes)}`, () =>
    withSink(async (path, sink) => {
      writeFileSync(path, notes)
      await sink.deliver([event('a')])
      assert.equal(readFileSync(path, 'utf8'), `${notes}\n{"id":"a"}\n`)
    }))
}

test('a link, a folder and a place that is not there are refused, and tried again', () =>
  withSink(async (path, sink) => {
    symlinkSync('/etc/hosts', path)
    await assert.rejects(sink.deliver([event('a')]), { code: 'stream-undeliverable' })
    rmSync(path)
    await sink.deliver([event('a')])
    appendFileSync(path, '{"id":"ha')
    // Somebody else wrote: it is seen when the file is opened the next time.
    await sink.close()
    await sink.deliver([event('b')])
    assert.deepEqual(linesOf(path), ['{"id":"a"}', '{"id":"b"}', ''])
    await assert.rejects(new FileSink(join(path, 'x')).deliver([event('a')]), {
      code: 'stream-undeliverable',
    })
    await assert.rejects(new FileSink(tmpdir()).deliver([event('a')]), { code: 'stream-undeliverable' })
  }))
