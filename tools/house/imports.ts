import { posix } from 'node:path'
import type { Finding } from './finding.ts'
import type { Reading, SourceFile } from './source.ts'
import { NO_NAMES, ROOMS, ROOT } from './table.ts'

export type Read = ReadonlyMap<string, Reading>

export const isTest = (path: string): boolean => path.endsWith('.test.ts')

/** The folder of `src/` that a file is in; `main` for `src/main.ts` and `src/main/`. */
export function roomOf(path: string): string | undefined {
  const [top, first, ...rest] = path.split('/')
  if (top !== 'src' || first === undefined) return undefined
  return rest.length === 0 ? first.replace(/\.ts$/, '') : first
}

const packageOf = (target: string): string => target.split('/', target.startsWith('@') ? 2 : 1).join('/')

/** Every import stays within what the table allows its folder, and every package is one of package.json's. */
export function checkImports(read: Read, packages: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = []
  for (const [file, { imports }] of read) {
    const room = roomOf(file)
    if (room === undefined || isTest(file)) continue
    for (const { target, line } of imports) {
      const message = judge(file, room, target, packages)
      if (message !== undefined) findings.push({ file, line, message })
    }
  }
  return findings
}

function judge(
  file: string,
  room: string,
  target: string,
  packages: ReadonlySet<string>,
): string | undefined {
  if (target.startsWith('node:')) return undefined
  if (target === '(computed)') return 'imports what only running it would tell; write the name out'
  const allowed = room === ROOT ? undefined : ROOMS[room]
  if (target.startsWith('.')) {
    const to = roomOf(posix.join(posix.dirname(file), target))
    if (to === undefined) return `imports \`${target}\`, which is outside of src/`
    if (to === room || room === ROOT || allowed?.rooms.includes(to)) return undefined
    return `${room}/ may not import ${to}/; it may import ${allowed?.rooms.join(', ') || 'nothing'} (take a port instead)`
  }
  const name = packageOf(target)
  if (!packages.has(name)) return `imports \`${name}\`, which package.json does not name`
  if (room === ROOT || allowed?.packages.includes(name)) return undefined
  return `${room}/ may not import the package \`${name}\`; it may import ${allowed?.packages.join(', ') || 'none'}`
}

/** Every package that users install is one that src/ imports; `node` is what runs it. */
export function checkUsed(read: Read, packages: ReadonlySet<string>): Finding[] {
  const used = new Set(['node'])
  for (const [file, { imports }] of read) {
    if (roomOf(file) === undefined || isTest(file)) continue
    for (const { target } of imports) used.add(packageOf(target))
  }
  return [...packages]
    .filter(name => !used.has(name))
    .map(name => ({ file: 'package.json', message: `\`${name}\` is a dependency that src/ does not import` }))
}

/** Every folder of src/ is one of the table's, and none has a name that says nothing. */
export function checkFolders(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const { path } of files) {
    const folders = path.split('/').slice(0, -1)
    const room = roomOf(path)
    const unknown =
      room !== undefined && room !== ROOT && !Object.hasOwn(ROOMS, room) ? `src/${room}` : undefined
    if (unknown && !seen.has(unknown)) {
      findings.push({ file: unknown, message: "is not in the architecture's table" })
      seen.add(unknown)
    }
    const empty = folders.find(name => NO_NAMES.has(name))
    if (empty && !seen.has(path))
      findings.push({ file: path, message: `the folder \`${empty}\` says nothing of what is in it` })
  }
  return findings
}

/** No file imports itself by way of others. */
export function checkCycles(read: Read): Finding[] {
  const findings: Finding[] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      const cycle = [...path.slice(at), file].join(' -> ')
      findings.push({ file, message: `is in a cycle: ${cycle}` })
      return
    }
    if (done.has(file)) return
    path.push(file)
    for (const { target } of read.get(file)?.imports ?? []) {
      if (target.startsWith('.')) visit(posix.join(posix.dirname(file), target))
    }
    path.pop()
    done.add(file)
  }
  for (const file of read.keys()) visit(file)
  return findings
}
