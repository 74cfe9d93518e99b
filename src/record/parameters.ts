import type { Json, JsonObject } from '../core/json.ts'
import { cutToFit } from './cut.ts'
import type { RecordedCall } from './event.ts'

/** What stands in a recording where a sensitive value stood. */
export const REDACTED = '<redacted>'
/** Paths of redacted values that are listed one by one. */
const MAX_PATHS_LISTED = 200

/**
 * The parameters of a call as they may be recorded: sensitive values replaced by `<redacted>`, then cut
 * to fit `limitBytes` of JSON, each cut marked where it was made.
 *
 * `sensitive` holds paths in the form `A.B[2].C`; `[]` stands for every element. A path that finds
 * nothing hides the whole top-level member that it begins with: a value that should be hidden and
 * cannot be found is worse than one too many that is.
 */
export function recordedParameters(
  parameters: JsonObject,
  sensitive: readonly string[],
  limitBytes: number,
): Pick<RecordedCall, 'parameters' | 'redacted' | 'truncated'> {
  const redaction = new Redaction(sensitive)
  let safe = sensitive.length === 0 ? parameters : redaction.members(parameters, '', '')
  const lost = new Set(redaction.unfound().map(topMember))
  if (lost.size > 0) {
    safe = Object.fromEntries(
      Object.entries(safe).map(([name, value]) => {
        if (!lost.has(name)) return [name, value]
        redaction.redacted.push(name)
        return [name, REDACTED]
      }),
    )
  }
  const { value, truncated } = cutToFit(safe, limitBytes)
  return { parameters: value, redacted: listed(redaction.redacted), truncated }
}

/**
 * Replaces values by their paths. Paths are compared as they are built on the way down, never taken
 * apart, so a map's key that contains a dot or a bracket cannot lead astray.
 */
class Redaction {
  readonly #sensitive: ReadonlySet<string>
  readonly #found = new Set<string>()
  readonly redacted: string[] = []

  constructor(sensitive: readonly string[]) {
    this.#sensitive = new Set(sensitive)
  }

  members(value: JsonObject, path: string, pattern: string): JsonObject {
    const separator = path === '' ? '' : '.'
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const step = `${separator}${name}`
        return [name, this.#value(member, path + step, pattern + step)]
      }),
    )
  }

  /** Paths that no value had. */
  unfound(): readonly string[] {
    return [...this.#sensitive].filter(path => !this.#found.has(path))
  }

  #value(value: Json, path: string, pattern: string): Json {
    if (this.#isSensitive(path) || this.#isSensitive(pattern)) {
      this.redacted.push(path)
      return REDACTED
    }
    if (typeof value !== 'object' || value === null) return value
    if (!isList(value)) return this.members(value, path, pattern)
    return value.map((element, index) => this.#value(element, `${path}[${index}]`, `${pattern}[]`))
  }

  #isSensitive(path: string): boolean {
    if (!this.#sensitive.has(path)) return false
    this.#found.add(path)
    return true
  }
}

function topMember(path: string): string {
  const end = path.search(/[.[]/)
  return end === -1 ? path : path.slice(0, end)
}

function listed(paths: readonly string[]): readonly string[] {
  if (paths.length <= MAX_PATHS_LISTED) return paths
  return [...paths.slice(0, MAX_PATHS_LISTED), `<${paths.length - MAX_PATHS_LISTED} paths left out>`]
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
