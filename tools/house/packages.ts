import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from './finding.ts'
import { LICENCES } from './table.ts'

/** What is read of package.json. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** What is read of package-lock.json: path in node_modules to package. */
export interface Lock {
  readonly packages: Readonly<Record<string, { readonly license?: string; readonly dev?: boolean }>>
}

const PAGE = 'docs/dependencies.md'

/** docs/dependencies.md has a row for each dependency, with the licence that it has, and a reason. */
export function checkDependencies(
  page: string,
  manifest: Manifest,
  licenceOf: (name: string) => string,
): Finding[] {
  const rows = new Map<string, readonly string[]>()
  for (const line of page.split('\n')) {
    const cells = line.split('|').map(cell => cell.trim())
    const name = /^`([^`]+)`$/.exec(cells[1] ?? '')?.[1]
    if (name !== undefined) rows.set(name, cells)
  }
  const findings: Finding[] = []
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  for (const name of names) {
    const [, , licence, reason] = rows.get(name) ?? []
    if (licence === undefined) findings.push({ file: PAGE, message: `does not name \`${name}\`` })
    else if (licence !== licenceOf(name)) {
      findings.push({ file: PAGE, message: `says \`${name}\` is ${licence}; it is ${licenceOf(name)}` })
    } else if (!reason) findings.push({ file: PAGE, message: `gives no reason for \`${name}\`` })
  }
  for (const name of rows.keys()) {
    if (!names.includes(name))
      findings.push({ file: PAGE, message: `names \`${name}\`, which package.json does not` })
  }
  return findings
}

/** Whether one of the choices of an SPDX expression is a licence that users may get. */
export function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, '')
  return plain.split(' OR ').some(choice => choice.split(' AND ').every(part => LICENCES.has(part.trim())))
}

/** Everything that users install has a licence that is allowed. */
export function checkLicences(lock: Lock, licenceAt: (path: string) => string | undefined): Finding[] {
  const findings: Finding[] = []
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev === true) continue
    // What is installed counts; the lock file stands in for packages of other platforms.
    const licence = licenceAt(path) ?? entry.license
    if (licence !== undefined && isAllowed(licence)) continue
    findings.push({
      file: 'package-lock.json',
      message: `\`${path}\` has the licence ${licence ?? 'unknown'}, which is not allowed`,
    })
  }
  return findings
}

/** The licence that an installed package says it has. */
export function installedLicence(root: string, path: string): string | undefined {
  const file = join(root, path, 'package.json')
  if (!existsSync(file)) return undefined
  const { license } = JSON.parse(readFileSync(file, 'utf8')) as { license?: unknown }
  return typeof license === 'string' ? license : undefined
}
