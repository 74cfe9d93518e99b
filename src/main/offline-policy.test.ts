import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'src', 'main.ts')

test('the examples of docs/policy.md give what the page says', t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const page = readFileSync(join(ROOT, 'docs', 'policy.md'), 'utf8')
  for (const [, name = '', text = ''] of page.matchAll(/^```yaml file=(\S+)\n([\s\S]*?)^```/gm)) {
    writeFileSync(join(folder, name), text)
  }
  let shown = 0
  for (const [, text = ''] of page.matchAll(/^```console\n([\s\S]*?)^```/gm)) {
    const [command = '', ...expected] = text.split('\n')
    if (expected[0] === '' || expected[0]?.startsWith('$')) continue
    shown++
    const args = command.replace(/^\$ sallyport /, '').split(' ')
    const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8' })
    assert.equal(stderr + stdout, expected.join('\n'), command)
  }
  assert.equal(shown, 3)
})

test('the vectors hold with command lines interpreted for real', () => {
  const files = globSync(join(ROOT, 'vectors', 'policy', '*.yaml')).filter(
    path => !path.endsWith('.policy.yaml'),
  )
  const out = execFileSync(process.execPath, [MAIN, 'policy', 'test', ...files], { encoding: 'utf8' })
  assert.match(out, /^(\d+) of \1 cases passed\n$/)
})
