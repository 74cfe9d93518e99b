import type { z } from 'zod'
import { nearest } from '../core/nearest.ts'
import type { Problem } from './problem.ts'
import { quote } from './problem.ts'
import { keysAt, SCHEMA, type Settings } from './schema.ts'
import type { Path, Source } from './source.ts'

/** `issuers[0].audience`, as an operator would write the place. */
export function writePath(path: Path): string {
  let written = ''
  for (const step of path) {
    if (typeof step === 'number') written += `[${step}]`
    else written += written === '' ? step : `.${step}`
  }
  return written === '' ? 'the configuration' : quote(written)
}

/**
 * Checks a document against the schema. `settings` is set if nothing was wrong but unknown keys, so that
 * the rules between keys can be checked in the same run.
 */
export function validate(source: Source): { settings?: Settings; problems: Problem[] } {
  const first = SCHEMA.safeParse(source.value)
  if (first.success) return { settings: first.data, problems: [] }
  const issues = first.error.issues
  const problems = issues.flatMap(issue => describe(source, issue))
  if (issues.some(issue => issue.code !== 'unrecognized_keys')) return { problems }
  const second = SCHEMA.safeParse(without(source.value, issues))
  return second.success ? { settings: second.data, problems } : { problems }
}

function describe(source: Source, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(step => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(source, path, key))
  const found = valueAt(source.value, path)
  const place = writePath(path)
  const accepted = accepts(issue)
  const message =
    found === undefined
      ? `${place} is missing; expected ${accepted}`
      : `${place} is ${show(found)}; expected ${accepted}`
  return [{ severity: 'error', file: source.file, ...source.at(path), message }]
}

function unknownKey(source: Source, path: Path, key: string): Problem {
  const known = keysAt(path)
  const near = nearest(key, known)
  const hint = near ? `did you mean \`${near}\`? ` : ''
  const message = `unknown key ${writePath([...path, key])}; ${hint}accepted here: ${list(known)}`
  return { severity: 'error', file: source.file, ...source.atKey([...path, key]), message }
}

/** What the schema takes in prose; leaves say it themselves. */
function accepts(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom') return issue.message
  if (issue.code === 'invalid_type') return issue.expected === 'array' ? 'a list' : 'a map'
  if (issue.code === 'too_small') return `a list with at least ${issue.minimum} entry`
  if (issue.code === 'too_big') return `a list with at most ${issue.maximum} entries`
  return lowerFirst(issue.message)
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

const list = (names: readonly string[]): string => names.map(name => `\`${name}\``).join(', ')

/** A found value, short enough for a line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'a map'
  return value === null ? 'empty' : quote(String(value))
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  return at
}

/** A copy of the value without the keys that the schema did not know. */
function without(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = structuredClone(value)
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const parent = valueAt(copy, issue.path as Path)
    if (typeof parent !== 'object' || parent === null) continue
    for (const key of issue.keys) Reflect.deleteProperty(parent, key)
  }
  return copy
}
