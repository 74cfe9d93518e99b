import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cleanEnv, execute, ROOT } from '../harness/process.ts'

/** `.ci/run` runs these itself; here they would run the tests from within the tests. */
const ELSEWHERE: ReadonlySet<string> = new Set(['make demo', 'make test'])

/** The commands of a page, in order: its blocks that are marked `sh`. */
function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block.trim())
}

describe('the commands of README.md', () => {
  const blocks = commandsOf(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  const here = blocks.filter(block => !ELSEWHERE.has(block))
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('are there, and the two that CI runs stand alone in their blocks', () => {
    assert.ok(here.length > 0)
    for (const command of ELSEWHERE) assert.ok(blocks.includes(command), command)
  })

  it('work as they are written, one after another in one shell', async () => {
    // Each block is announced, so that a failure names the block that it is in.
    const script = here.map(block => `printf '== %s\\n' ${quoted(block)} >&2\n${block}`).join('\n')
    const env = cleanEnv({ PATH: `${join(ROOT, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` })
    const done = await execute('sh', ['-eu', '-c', script], { cwd: folder, env })
    assert.equal(done.code, 0, `${done.stdout}\n${done.stderr}`)
  })
})

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
