import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemFiles } from '../config/files.ts'
import type { Problem } from '../config/problem.ts'
import { STARTER } from '../config/starter.ts'
import { check } from './check.ts'
import { init } from './init.ts'

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

function capture(problems: Problem[] = []) {
  const written = { out: '', err: '' }
  const ports = {
    config: {
      files: systemFiles,
      checkPolicy: () => problems,
      checkDetectors: () => undefined,
      checkClientAuthorities: () => undefined,
      environment: () => undefined,
    },
    out: (text: string) => {
      written.out += text
    },
    err: (text: string) => {
      written.err += text
    },
  }
  return { written, ports }
}

test('what init writes passes the check as it stands', async t => {
  const dir = folder(t)
  const { ports, written } = capture()
  assert.equal(await init([dir], ports), 0)
  for (const file of STARTER) assert.ok(existsSync(join(dir, file.path)))
  assert.equal(await check(['--check', '--config', join(dir, 'sallyport.yaml')], ports), 0, written.err)
  assert.equal(written.err, '')
  assert.match(written.out, /the configuration holds: 1 issuer\(s\), 1 role\(s\)/)
})

test('init overwrites nothing', async t => {
  const dir = folder(t)
  writeFileSync(join(dir, 'sallyport.yaml'), 'mine')
  const { ports, written } = capture()
  assert.equal(await init([dir], ports), 1)
  assert.equal(readFileSync(join(dir, 'sallyport.yaml'), 'utf8'), 'mine')
  assert.equal(existsSync(join(dir, 'trust')), false)
  assert.match(written.err, /is there already; nothing was written/)
})

test('init and check refuse a wrong command line', async () => {
  const { ports, written } = capture()
  assert.equal(await init(['a', 'b'], ports), 2)
  assert.equal(await init(['--force'], ports), 2)
  assert.equal(await check(['--confg', 'x'], ports), 2)
  assert.match(written.err, /usage: sallyport serve --check/)
})

test('check prints every problem, or all of them as JSON, and fails', async t => {
  const dir = folder(t)
  const path = join(dir, 'sallyport.yaml')
  writeFileSync(path, 'workers: none\nlogs: {}\n')
  const text = capture()
  assert.equal(await check(['--config', path], text.ports), 1)
  assert.equal(text.written.err.split('\n').length, 5)
  assert.match(text.written.err, /sallyport.yaml:1:10: error: `workers` is `none`/)
  const json = capture()
  assert.equal(await check(['--config', path, '--json'], json.ports), 1)
  const report = JSON.parse(json.written.out) as { valid: boolean; problems: Problem[] }
  assert.equal(report.valid, false)
  assert.equal(report.problems.length, 4)
  assert.equal(report.problems[0]?.line, 1)
})

test('warnings are printed and do not fail', async t => {
  const dir = folder(t)
  const warning: Problem = {
    severity: 'warning',
    file: 'p.yaml',
    line: 2,
    column: 3,
    message: 'never matches',
  }
  const { ports, written } = capture([warning])
  await init([dir], ports)
  assert.equal(await check(['--config', join(dir, 'sallyport.yaml')], ports), 0)
  assert.match(written.err, /^p.yaml:2:3: warning: never matches/)
})

test('a file of the machine is refused when it is a folder, too large or not to be found', t => {
  const dir = folder(t)
  const path = join(dir, 'x')
  writeFileSync(path, 'four')
  chmodSync(path, 0o640)
  assert.equal(systemFiles.read(path, 4).mode, 0o640)
  assert.throws(() => systemFiles.read(path, 3), /larger than 3 bytes/)
  assert.throws(() => systemFiles.read(dir, 3), /not a regular file/)
  assert.throws(() => systemFiles.read(join(dir, 'y'), 3), /ENOENT/)
})
