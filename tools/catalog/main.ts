/**
 * `make catalog`: makes the catalog anew where botocore is installed, and says how much of AWS it covers.
 *
 * ```
 * node tools/catalog/main.ts [--check] [--keep] [--list] [--botocore FOLDER] [--rules FILE]
 * ```
 *
 * `--check` writes nothing and fails if the file would change; `--keep` takes the figures of this catalog
 * as the ones to reach from now on; `--list` prints what is denied by default and what collides. `--rules`
 * names a file with a line `service Operation` for each rule written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CATALOG_PATH, loadCatalog } from '../../src/catalog/load.ts'
import { buildCatalog } from './build.ts'
import { compare, describe, figuresOf, measure, type Thresholds } from './coverage.ts'
import { findBotocore, SourceError } from './sources.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const COVERAGE_PATH = join(ROOT, 'data', 'catalog', 'coverage.json')

/** The whole catalog stays under this, for it is in every checkout and package. */
const BYTES_MAX = 4 * 1024 * 1024

function main(): number {
  const { values } = parseArgs({
    options: {
      check: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      botocore: { type: 'string' },
      rules: { type: 'string' },
    },
  })
  const folder = findBotocore(values.botocore)
  if (folder === undefined) {
    console.log('botocore is not installed here: the catalog stays as it is')
  } else if (!renew(buildCatalog(folder, join(ROOT, 'node_modules')), values.check)) {
    console.error('the catalog is not what its sources make: run `make catalog` and commit the result')
    return 1
  }
  const coverage = measure(loadCatalog(), rulesOf(values.rules))
  const bytes = readFileSync(CATALOG_PATH).length
  console.log(describe(coverage))
  console.log(`bytes                         ${bytes}`)
  if (values.list) {
    for (const operation of coverage.denied) console.log(`denied     ${operation}`)
    for (const collision of coverage.collisions) console.log(`collision  ${collision}`)
  }
  const figures = figuresOf(coverage)
  if (values.keep) writeFileSync(COVERAGE_PATH, `${JSON.stringify(figures, null, 2)}\n`)
  const worse = [...compare(figures, JSON.parse(readFileSync(COVERAGE_PATH, 'utf8')) as Thresholds)]
  if (bytes > BYTES_MAX) worse.push(`the file has ${bytes} bytes, more than ${BYTES_MAX}`)
  for (const line of worse) console.error(`coverage: ${line}`)
  return worse.length === 0 ? 0 : 1
}

/** Writes the file if it is another one; with `check`, says only whether it is the same. */
function renew(bytes: Buffer, check: boolean): boolean {
  let known: Buffer | undefined
  try {
    known = readFileSync(CATALOG_PATH)
  } catch (error) {
    if (check) throw error
  }
  const same = known?.equals(bytes) ?? false
  if (!same && !check) writeFileSync(CATALOG_PATH, bytes)
  return same || !check
}

function rulesOf(path: string | undefined): ReadonlySet<string> {
  if (path === undefined) return new Set()
  return new Set(
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(line => line !== ''),
  )
}

try {
  process.exitCode = main()
} catch (error) {
  if (!(error instanceof SourceError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
