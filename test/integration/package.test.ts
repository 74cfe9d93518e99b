import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { execute, type Finished, ROOT } from '../harness/process.ts'

/** The package as its users get it: packed, and installed into an empty folder. */
describe('the packed package', () => {
  let folder: string
  let sallyport: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'))
    await done(execute('npm', ['pack', '--pack-destination', folder], { cwd: ROOT }))
    const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))
    assert.ok(tarball)
    await done(execute('npm', ['init', '-y'], { cwd: folder }))
    await done(execute('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: folder }))
    sallyport = join(folder, 'node_modules/.bin/sallyport')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function done(running: Promise<Finished>): Promise<Finished> {
    const finished = await running
    assert.equal(finished.code, 0, finished.stdout + finished.stderr)
    return finished
  }

  it('runs', async () => {
    const { stdout } = await done(execute(sallyport, ['version']))
    assert.match(stdout, /^sallyport \d+\.\d+\.\d+ \(Node 24\./)
  })

  it('sets up a configuration that holds', async () => {
    await done(execute(sallyport, ['init', 'gate'], { cwd: folder }))
    const { stdout } = await done(execute(sallyport, ['serve', '--check'], { cwd: join(folder, 'gate') }))
    assert.match(stdout, /the configuration holds/)
  })

  it('holds neither sources nor tests', () => {
    const home = join(folder, 'node_modules/sallyport')
    for (const name of ['src', 'test', 'bench', 'tools', 'vectors']) {
      assert.equal(existsSync(join(home, name)), false, name)
    }
    for (const name of ['LICENSE', 'NOTICE', 'README.md', 'data/catalog/catalog.pack', 'dist/main.js']) {
      assert.equal(existsSync(join(home, name)), true, name)
    }
  })
})
