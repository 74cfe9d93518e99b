import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { GateError } from '../../core/errors.ts'
import { parquetCommand } from './parquet-command.ts'

const PLACE = { lane: 3, segment: 17 }
const { signal } = new AbortController()

describe('Parquet by a command', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-parquet-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  /** A program of one line in the place of this one. */
  const program = (script: string): ReturnType<typeof parquetCommand> =>
    parquetCommand([process.execPath, '-e', script, '--'], 'gate.yaml')

  it('is asked for one segment', async () => {
    const target = join(folder, 'x.parquet')
    const args = 'process.argv.slice(1)'
    await program(`const a = ${args}; require('fs').writeFileSync(a[a.indexOf('--out') + 1], a.join(' '))`)(
      PLACE,
      target,
      signal,
    )
    const asked = `sessions export --format parquet --segment 03/17 --out ${target} --config gate.yaml`
    assert.equal(readFileSync(target, 'utf8'), asked)
  })

  it('is told as unwritten when the command fails, dies or is not there; what it said is private', async () => {
    const runs = [
      program("console.error('secret'.repeat(10_000)); process.exit(1)"),
      program("process.kill(process.pid, 'SIGKILL')"),
      parquetCommand([join(folder, 'missing')], 'gate.yaml'),
    ]
    for (const run of runs) {
      await assert.rejects(run(PLACE, join(folder, 'y'), signal), error => {
        assert.ok(error instanceof GateError && error.code === 'parquet-unwritten')
        assert.match(error.message, /segment 03\/17 was not written/)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    }
  })

  it('ends with the round', async () => {
    const abort = new AbortController()
    const running = program('setInterval(() => {}, 1000)')(PLACE, join(folder, 'z'), abort.signal)
    abort.abort()
    await assert.rejects(running, { name: 'AbortError' })
  })
})
