import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../harness/process.ts'

const PAGES = ['*.md', 'docs/**/*.md', 'bench/*.md']
/** Folders of the repository. `data/` is not here: in the documents it is the gate's own folder. */
const FOLDERS = /^(src|test|docs|tools|bench|vectors|bin|\.ci)\//

/** What a page names that is not there. */
function missingIn(page: string, text: string, exists: (path: string) => boolean): string[] {
  const prose = withoutFences(text)
  const missing: string[] = []
  for (const [, code = ''] of prose.matchAll(/`([^`\n]+)`/g)) {
    const path = code.replace(/[:#].*$/, '')
    if (!FOLDERS.test(path) || /[\s<>{}|…]/.test(path)) continue
    // Of a pattern, the folder must be there.
    if (!exists(path.includes('*') ? dirname(path.slice(0, path.indexOf('*') + 1)) : path)) missing.push(code)
  }
  for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!exists(target)) missing.push(link)
    else if (anchor !== undefined && !anchorsOf(target, text, page).has(anchor)) missing.push(link)
  }
  return missing
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

/** The anchors of a page's headings, as code hosts make them. */
function anchorsOf(target: string, text: string, page: string): ReadonlySet<string> {
  const markdown = target === page ? text : readFileSync(join(ROOT, target), 'utf8')
  const headings = withoutFences(markdown).matchAll(/^#{1,6} (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

const inRepository = (path: string): boolean => existsSync(join(ROOT, path))

for (const page of globSync(PAGES, { cwd: ROOT }).sort()) {
  test(`${page}: every path and link leads somewhere`, () => {
    assert.deepEqual(missingIn(page, readFileSync(join(ROOT, page), 'utf8'), inRepository), [])
  })
}

test('a path or a link that leads nowhere is found', () => {
  const text = [
    '# One page',
    'See `src/gone.ts`, `src/core/id.ts`, `src/none/*.ts`, `data/gone`, `not/ours.ts`.',
    '[a](#one-page) [b](#two) [c](gone.md) [d](https://example.com/gone)',
    '```',
    '`src/fenced.ts`',
    '```',
  ].join('\n')
  const exists = (path: string): boolean => path === 'docs/page.md' || path === 'src/core/id.ts'
  assert.deepEqual(missingIn('docs/page.md', text, exists), [
    'src/gone.ts',
    'src/none/*.ts',
    '#two',
    'gone.md',
  ])
})
