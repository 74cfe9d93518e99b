/**
 * Runs the test files below the folders that are named, a process a file, and prints a line for each as
 * it ends, the failures in full, and `N passed, N failed` as the last line. Writes the counts to
 * `.build/tests.json` for `.ci/run`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { newBelongings } from './belongings.ts'
import { longestFirst } from './order.ts'

interface Tally {
  passed: number
  failed: number
  skipped: number
}

const folders = process.argv.slice(2)
const files: string[] = []
for (const folder of folders) {
  if (folder.endsWith('.ts')) files.push(folder)
  else for await (const file of glob(`${folder}/**/*.test.ts`)) files.push(file)
}
if (files.length === 0) {
  console.error(`no test files below ${folders.join(', ')}`)
  process.exit(1)
}

const total: Tally = { passed: 0, failed: 0, skipped: 0 }
/** Of each test that was skipped: which, and why. */
const skips: string[] = []
/** Told again at the end, where nobody has to look for them. */
const failures: string[] = []
let filesDone = 0

// Most of what a test waits for is that some program starts: what Node compiled for one, all others take.
process.env['NODE_COMPILE_CACHE'] ??= resolve('.build/compiled')

const belongings = newBelongings()
process.env['TMPDIR'] = belongings.folder
process.once('exit', () => {
  for (const left of belongings.clear()) console.log(`left behind: ${left}`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const stream = run({
  files: longestFirst(files),
  // While one waits for a server of its own, the processors have two others.
  concurrency: availableParallelism() + 1,
  // Only what hangs: a slow machine has time.
  timeout: 1_800_000,
  execArgv: ['--disable-warning=ExperimentalWarning', '--import', new URL('./seed.ts', import.meta.url).href],
})
for await (const event of stream) {
  if (event.type === 'test:pass' || event.type === 'test:fail') onResult(event.type, event.data)
  else if (event.type === 'test:summary' && event.data.file !== undefined) {
    finish(relative(process.cwd(), event.data.file), event.data.duration_ms, event.data.counts)
  } else if (event.type === 'test:stderr') process.stderr.write(event.data.message)
}

const skippedNote = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
for (const line of skips.toSorted()) console.log(`skipped  ${line}`)
for (const left of belongings.clear()) console.log(`left     ${left}`)
for (const failure of failures) console.log(`FAILED   ${failure}`)
mkdirSync('.build', { recursive: true })
writeFileSync('.build/tests.json', `${JSON.stringify(total)}\n`)
console.log(`${total.passed} passed, ${total.failed} failed${skippedNote}`)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

interface ResultData {
  readonly name: string
  readonly nesting: number
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
  readonly details: { readonly duration_ms: number; readonly type?: string; readonly error?: Error }
}

function onResult(type: 'test:pass' | 'test:fail', data: ResultData): void {
  const file = data.file === undefined ? data.name : relative(process.cwd(), data.file)
  // A file that could not be loaded reports itself, as a test with the file's own name.
  const isFile = data.nesting === 0 && data.name.endsWith('.test.ts')
  // A suite fails with its tests; by itself only where one of its hooks did, and that is the reason.
  const failure = data.details.error as { failureType?: string } | undefined
  const isSuite = data.details.type === 'suite'
  if (isSuite && failure?.failureType === 'hookFailed') {
    count(file, type, { ...data, name: `before or after ${data.name}` })
  }
  const isSkippedSuite = isSuite && data.skip !== undefined && data.skip !== false
  if ((!isSuite || isSkippedSuite) && !(isFile && type === 'test:pass')) count(file, type, data)
}

function count(file: string, type: 'test:pass' | 'test:fail', data: ResultData): void {
  if (data.skip !== undefined && data.skip !== false) {
    total.skipped++
    skips.push(`${file}: ${data.name}${typeof data.skip === 'string' ? `: ${data.skip}` : ''}`)
  } else if (type === 'test:pass') {
    total.passed++
  } else {
    total.failed++
    failures.push(`${file}: ${data.name}`)
    console.log(`\nFAILED ${file}: ${data.name}`)
    const error = data.details.error
    console.log(error?.cause ?? error ?? 'no reason given')
  }
}

/** A line for a file that has ended. Tests that a helper made count where they ran. */
function finish(
  file: string,
  durationMs: number,
  counts: { readonly passed: number; readonly failed: number },
): void {
  filesDone++
  const mark = counts.failed > 0 ? 'FAIL' : 'ok  '
  const seconds = (durationMs / 1000).toFixed(1).padStart(6)
  console.log(
    `${mark} ${`${filesDone}/${files.length}`.padStart(8)} ${seconds} s  ${file} (${counts.passed})`,
  )
}
