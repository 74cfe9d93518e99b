import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCodes } from '../../tools/house/codes.ts'
import { type Finding, formatFinding } from '../../tools/house/finding.ts'
import { checkCycles, checkFolders, checkImports, checkUsed, type Read } from '../../tools/house/imports.ts'
import { checkHouse } from '../../tools/house/main.ts'
import { checkDependencies, checkLicences, isAllowed } from '../../tools/house/packages.ts'
import { checkSizes, checkWords } from '../../tools/house/size.ts'
import { readSource } from '../../tools/house/source.ts'
import { checkFloors, checkTracked } from '../../tools/house/tracked.ts'

test('the house is in order', () => {
  assert.equal(checkHouse().map(formatFinding).join('\n'), '')
})

const read = (files: Record<string, string>): Read =>
  new Map(Object.entries(files).map(([path, text]) => [path, readSource({ path, text })]))

const messages = (findings: readonly Finding[]): string[] => findings.map(formatFinding)

test('imports of another stage are found, of whatever kind', () => {
  const kinds = [
    "import { x } from '../policy/x.ts'",
    "import type { X } from '../policy/x.ts'",
    "export * from '../policy/x.ts'",
    "export { x } from '../policy/x.ts'",
    "import '../policy/x.ts'",
    "await import('../policy/x.ts')",
    "type X = import('../policy/x.ts').X",
  ]
  for (const text of kinds) {
    const found = messages(checkImports(read({ 'src/upstream/a.ts': `\n${text}` }), new Set()))
    assert.equal(found.length, 1, text)
    assert.match(
      found[0] ?? '',
      /^src\/upstream\/a.ts:2: upstream\/ may not import policy\/; it may import core, wire/,
    )
  }
  const computed = checkImports(read({ 'src/upstream/a.ts': 'const p = 1; await import(p)' }), new Set())
  assert.match(computed[0]?.message ?? '', /only running it would tell/)
})

test('imports that the table allows pass, and the root and tests import anything', () => {
  const files = {
    'src/upstream/a.ts': "import '../core/x.ts'\nimport 'node:fs'\nimport 'undici'\nimport './b/c.ts'",
    'src/main.ts': "import './policy/x.ts'\nimport 'zod'",
    'src/main/serve.ts': "import '../policy/x.ts'\nimport '../main.ts'",
    'src/core/a.test.ts': "import '../policy/x.ts'",
  }
  assert.deepEqual(checkImports(read(files), new Set(['undici', 'zod'])), [])
})

test('packages are those of the folder, and of package.json', () => {
  const one = (text: string): string =>
    checkImports(read({ 'src/core/a.ts': text }), new Set(['zod']))[0]?.message ?? ''
  assert.match(one("import 'zod'"), /core\/ may not import the package `zod`; it may import none/)
  assert.match(one("import '@scope/other/deep'"), /imports `@scope\/other`, which package.json does not name/)
  assert.match(one("import '../../tools/x.ts'"), /outside of src/)
})

test('a package that nothing imports is found, whatever tests import', () => {
  const files = { 'src/core/a.ts': "await import('zod/mini')", 'src/core/a.test.ts': "import 'yaml'" }
  const found = messages(checkUsed(read(files), new Set(['zod', 'yaml', 'node'])))
  assert.deepEqual(found, ['package.json: `yaml` is a dependency that src/ does not import'])
})

test('cycles are found, also of types', () => {
  const files = {
    'src/core/a.ts': "import type { B } from './b.ts'",
    'src/core/b.ts': "import './c.ts'",
    'src/core/c.ts': "export * from './a.ts'",
  }
  assert.match(
    checkCycles(read(files))[0]?.message ?? '',
    /a.ts -> src\/core\/b.ts -> src\/core\/c.ts -> src\/core\/a.ts/,
  )
  assert.deepEqual(checkCycles(read({ ...files, 'src/core/c.ts': '' })), [])
})

test('folders are those of the table', () => {
  const found = messages(
    checkFolders([
      { path: 'src/stuff/a.ts', text: '' },
      { path: 'src/stuff/b.ts', text: '' },
      { path: 'src/core/utils/a.ts', text: '' },
      { path: 'src/main/a.ts', text: '' },
    ]),
  )
  assert.equal(found.length, 2)
  assert.match(found[0] ?? '', /src\/stuff: is not in the architecture's table/)
  assert.match(found[1] ?? '', /`utils` says nothing/)
})

test('long files and functions are found; blank lines do not count', () => {
  const body = (lines: number, line: string): string => `const f = () => {\n${`${line}\n`.repeat(lines)}}\n`
  const long = { path: 'src/core/a.ts', text: body(69, 'f()') }
  const blank = { path: 'src/core/b.ts', text: body(300, '') }
  const file = { path: 'src/core/c.ts', text: 'f()\n'.repeat(401) }
  const files = [long, blank, file]
  const found = messages(
    checkSizes(files, read(Object.fromEntries(files.map(({ path, text }) => [path, text])))),
  )
  assert.deepEqual(found, [
    'src/core/a.ts:1: this function has 71 lines; 70 is the most',
    'src/core/c.ts: has 401 lines; 400 is the most',
  ])
})

test('words of the glossary, and codes that nobody raises', () => {
  const found = checkWords(
    read({ 'src/core/a.ts': 'export const finalVerdict = 1\nexport const auditorium = 1' }),
  )
  assert.deepEqual(messages(found), [
    "src/core/a.ts:1: `finalVerdict`: the glossary's word for `verdict` is Decision",
  ])
  const files = [
    { path: 'src/core/codes.ts', text: "'lonely': 1, 'used': 2" },
    { path: 'src/core/a.ts', text: "throw new GateError('used')" },
    { path: 'src/core/a.test.ts', text: "'lonely'" },
  ]
  assert.deepEqual(messages(checkCodes(files, ['used', 'lonely'])), [
    'src/core/codes.ts: the code `lonely` is raised nowhere',
  ])
})

test('dependencies have a row with their licence and a reason', () => {
  const page = '| `a` | MIT | why |\n| `b` | MIT | why |\n| `c` | MIT | |\n| `gone` | MIT | why |'
  const manifest = { dependencies: { a: '1', b: '1', c: '1' }, devDependencies: { d: '1' } }
  const found = messages(checkDependencies(page, manifest, name => (name === 'b' ? 'ISC' : 'MIT')))
  assert.deepEqual(found, [
    'docs/dependencies.md: says `b` is MIT; it is ISC',
    'docs/dependencies.md: gives no reason for `c`',
    'docs/dependencies.md: does not name `d`',
    'docs/dependencies.md: names `gone`, which package.json does not',
  ])
})

test('licences: what is installed counts, one allowed choice is enough', () => {
  assert.equal(isAllowed('(MIT OR GPL-3.0)'), true)
  assert.equal(isAllowed('MIT AND GPL-3.0'), false)
  assert.equal(isAllowed('AGPL-3.0'), false)
  const packages = {
    '': {},
    x: { license: 'MIT' },
    y: { license: 'MIT' },
    z: {},
    dev: { license: 'GPL-3.0', dev: true },
  }
  const found = checkLicences({ packages }, path => (path === 'y' ? 'AGPL-3.0' : undefined))
  assert.deepEqual(
    found.map(({ message }) => message.split(',')[0]),
    ['`y` has the licence AGPL-3.0', '`z` has the licence unknown'],
  )
})

test('paths of one machine and hosts of registries are found, and a corpus that shrank', () => {
  const text = ['/', 'work/x'].join('')
  const host = ['registry.', 'npmjs.org'].join('')
  const found = checkTracked([
    { path: 'a', text: `fine\nsee ${text}` },
    { path: 'b', text: `https://${host}/` },
    { path: 'c', text: 'a/work/b and https://x/root/' },
  ])
  assert.deepEqual(messages(found), ['a:2: names a path of one machine', "b:1: names a registry's host"])
  assert.deepEqual(messages(checkFloors({ v: 3, w: 1 }, () => 2)), [
    'v: has 2 files and had 3: a corpus never shrinks',
  ])
})
