/**
 * Checks the house: the table of imports, cycles, sizes, words, error codes, dependencies and their licences,
 * what is tracked, and the corpora. Exit code 1 when something is not as it should be.
 * `--raise` sets the floors of the corpora to what is there now, if that is more.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorsPage } from '../errors-doc.ts'
import { checkCodes } from './codes.ts'
import { type Finding, formatFinding } from './finding.ts'
import { checkCycles, checkFolders, checkImports, checkUsed } from './imports.ts'
import { checkDependencies, checkLicences, installedLicence, type Lock, type Manifest } from './packages.ts'
import { checkSizes, checkWords } from './size.ts'
import { type Reading, readSource, type SourceFile } from './source.ts'
import { checkFloors, checkTracked, type Floors } from './tracked.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLOORS = 'test/house/floors.json'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Tracked files and new ones that are not ignored, so that a finding comes before the commit. */
function listFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const out = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 })
  return [...new Set(out.split('\0'))].filter(path => path !== '' && existsSync(join(ROOT, path))).sort()
}

/** Whether git's rule for binary files holds: a zero byte near the start. */
function isText(path: string): boolean {
  return !readFileSync(join(ROOT, path)).subarray(0, 8000).includes(0)
}

/** Everything that is not as it should be. */
export function checkHouse(): Finding[] {
  const paths = listFiles()
  const files: SourceFile[] = paths
    .filter(path => /^(src|tools|bench|test)\/.*\.ts$/.test(path))
    .map(path => ({ path, text: read(path) }))
  const readings = new Map<string, Reading>(files.map(file => [file.path, readSource(file)]))
  const manifest = JSON.parse(read('package.json')) as Manifest
  const packages = new Set(Object.keys(manifest.dependencies))
  const floors = JSON.parse(read(FLOORS)) as Floors
  const licenceAt = (path: string): string | undefined => installedLicence(ROOT, path)
  return [
    ...checkFolders(files),
    ...checkImports(readings, packages),
    ...checkUsed(readings, packages),
    ...checkCycles(readings),
    ...checkSizes(files, readings),
    ...checkWords(readings),
    ...checkCodes(files),
    ...checkErrorsPage(),
    ...checkDependencies(
      read('docs/dependencies.md'),
      manifest,
      name => licenceAt(`node_modules/${name}`) ?? 'not installed',
    ),
    ...checkLicences(JSON.parse(read('package-lock.json')) as Lock, licenceAt),
    ...checkTracked(paths.filter(isText).map(path => ({ path, text: read(path) }))),
    ...checkFloors(floors, folder => countFiles(paths, folder)),
  ]
}

function checkErrorsPage(): Finding[] {
  const page = 'docs/errors.md'
  if (existsSync(join(ROOT, page)) && read(page) === errorsPage()) return []
  return [{ file: page, message: 'is not what src/core/codes.ts says; run tools/errors-doc.ts' }]
}

function countFiles(paths: readonly string[], folder: string): number {
  return paths.filter(path => path.startsWith(`${folder}/`)).length
}

function raiseFloors(): void {
  const paths = listFiles()
  const floors = JSON.parse(read(FLOORS)) as Floors
  const raised = Object.entries(floors).map(([folder, floor]) => [
    folder,
    Math.max(floor, countFiles(paths, folder)),
  ])
  writeFileSync(join(ROOT, FLOORS), `${JSON.stringify(Object.fromEntries(raised), null, 2)}\n`)
}

if (import.meta.main) {
  if (process.argv.includes('--raise')) raiseFloors()
  const findings = checkHouse()
  for (const finding of findings) process.stderr.write(`${formatFinding(finding)}\n`)
  process.stdout.write(findings.length === 0 ? 'the house is in order\n' : `${findings.length} finding(s)\n`)
  process.exitCode = findings.length === 0 ? 0 : 1
}
