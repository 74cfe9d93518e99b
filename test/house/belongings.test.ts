import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newBelongings } from '../../tools/test/belongings.ts'

const seesOthers = existsSync('/proc/self/environ')

test('a run that left nothing has nothing to take away', () => {
  const { folder, clear } = newBelongings()
  assert.equal(existsSync(folder), true)
  assert.deepEqual(clear(), [])
  assert.equal(existsSync(folder), false)
})

test('folders and processes that tests left are named and taken away, those of others are not', {
  skip: seesOthers ? false : 'no /proc here',
}, async () => {
  const { folder, clear } = newBelongings()
  mkdirSync(join(folder, 'sallyport-pg-1'))
  const told = { ...process.env, TMPDIR: folder }
  const byName = spawn('sleep', ['1000'], { env: told })
  const byPlace = spawn('sleep', ['1001'], {
    cwd: join(folder, 'sallyport-pg-1'),
    env: { PATH: process.env['PATH'] },
  })
  const other = spawn('sleep', ['1002'], { env: { ...process.env, TMPDIR: tmpdir() } })
  await Promise.all([byName, byPlace, other].map(child => once(child, 'spawn')))
  const ended = Promise.all([byName, byPlace].map(child => once(child, 'exit')))
  const left = clear()
  await ended
  assert.deepEqual(left.map(line => line.replace(/ \d+:/, '')).toSorted(), [
    'folder sallyport-pg-1',
    'process sleep 1000',
    'process sleep 1001',
  ])
  assert.equal(existsSync(folder), false)
  assert.equal(other.exitCode, null)
  assert.equal(other.signalCode, null)
  other.kill('SIGKILL')
  await once(other, 'exit')
  assert.deepEqual(clear(), [])
})
