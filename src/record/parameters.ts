import type { Json, JsonObject } from '../core/json.ts'
import { cutString, cutToFit } from './cut.ts'
import type { RecordedCall } from './event.ts'

/** What stands in a recording where a sensitive value stood. */
export const REDACTED = '<redacted>'
/** Paths of redacted values that are listed one by one, and how long one may be. */
const MAX_PATHS_LISTED = 200
const MAX_PATH_LENGTH = 256

/**
 * The parameters of a call as they may be recorded: sensitive values replaced by `<redacted>`, then cut
 * to fit `limitBytes` of JSON, each cut marked where it was made.
 *
 * `sensitive` holds paths: `A.B` a member, `A[2]` an element, `A[]` every element, `A["key"]` the value
 * of a map's key, which stands as a JSON string. The empty path is everything. A path that finds nothing
 * hides the whole top-level member that it begins with, and one that cannot be read hides everything: a
 * value that should be hidden and cannot be found is worse than some too many that are.
 */
export function recordedParameters(
  parameters: JsonObject,
  sensitive: readonly string[],
  limitBytes: number,
): Pick<RecordedCall, 'parameters' | 'redacted' | 'truncated'> {
  if (sensitive.length === 0) {
    const { value, truncated } = cutToFit(parameters, limitBytes)
    return { parameters: value, redacted: [], truncated }
  }
  const redaction = new Redaction(sensitive)
  const { value, truncated } = cutToFit(redaction.apply(parameters), limitBytes)
  return { parameters: value, redacted: listed(redaction.redacted), truncated }
}

/** Where sensitive values stand: one step of all paths at once. */
interface PathNode {
  /** A path ends here; its number. */
  readonly ends: number[]
  /** By member name, index or key: in the parameters, all of them are names. */
  readonly next: Map<string, PathNode>
  /** `[]` */
  every?: PathNode
}

class Redaction {
  readonly #root: PathNode = { ends: [], next: new Map() }
  readonly #paths: readonly string[]
  readonly #found = new Set<number>()
  readonly #hidden = new Set<string>()
  #hidesAll = false
  readonly redacted: string[] = []

  constructor(paths: readonly string[]) {
    this.#paths = paths
    paths.forEach((path, number) => {
      const steps = stepsOf(path)
      if (steps === undefined || steps.length === 0) this.#hidesAll = true
      else this.#add(steps, number)
    })
  }

  apply(parameters: JsonObject): JsonObject {
    const nodes = [this.#root]
    const members = Object.entries(parameters)
    const found = members.map(([name, value]): [string, Json] => [name, this.#step(value, nodes, name, name)])
    this.#paths.forEach((path, number) => {
      if (!this.#found.has(number)) this.#hidden.add(topMember(path))
    })
    return Object.fromEntries(
      found.map(([name, value]): [string, Json] => {
        if (value === REDACTED || !(this.#hidesAll || this.#hidden.has(name))) return [name, value]
        this.redacted.push(name)
        return [name, REDACTED]
      }),
    )
  }

  #add(steps: readonly Step[], number: number): void {
    let node = this.#root
    for (const step of steps) {
      const known = step.kind === 'every' ? node.every : node.next.get(step.name)
      const next = known ?? { ends: [], next: new Map() }
      if (step.kind === 'every') node.every = next
      else node.next.set(step.name, next)
      node = next
    }
    node.ends.push(number)
  }

  /** What is hidden here, and with it everything that is inside of it. */
  #noteFound(node: PathNode): void {
    for (const number of node.ends) this.#found.add(number)
    for (const inner of node.next.values()) this.#noteFound(inner)
    if (node.every !== undefined) this.#noteFound(node.every)
  }

  /** The value behind a step from `nodes`, without what is sensitive in it. */
  #step(value: Json, nodes: readonly PathNode[], name: string, path: string): Json {
    const reached: PathNode[] = []
    for (const node of nodes) {
      const named = node.next.get(name)
      if (named !== undefined) reached.push(named)
      if (node.every !== undefined) reached.push(node.every)
    }
    if (reached.length === 0) return value
    if (reached.some(node => node.ends.length > 0)) {
      for (const node of reached) this.#noteFound(node)
      this.redacted.push(path)
      return REDACTED
    }
    if (typeof value !== 'object' || value === null) return value
    if (isList(value)) {
      return value.map((element, i) => this.#step(element, reached, String(i), `${path}[${i}]`))
    }
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => {
        return [member, this.#step(inner, reached, member, `${path}.${member}`)]
      }),
    )
  }
}

type Step = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'every' }

/** Sticky: each try looks at one place only. */
const STEP = /\.?([^.[\]"]+)|\[(\d*)\]|\[("(?:[^"\\]|\\.)*")\]/suy

/** The steps of a path; undefined if it cannot be read. */
function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  let at = 0
  while (at < path.length) {
    STEP.lastIndex = at
    const match = STEP.exec(path)
    if (match === null) return undefined
    const [whole, member, index, key] = match
    if (member !== undefined) steps.push({ kind: 'name', name: member })
    else if (key !== undefined) {
      const name = parsedKey(key)
      if (name === undefined) return undefined
      steps.push({ kind: 'name', name })
    } else if (index === '' || index === undefined) steps.push({ kind: 'every' })
    else steps.push({ kind: 'name', name: index })
    at += whole.length
  }
  return steps
}

function parsedKey(text: string): string | undefined {
  try {
    const key: unknown = JSON.parse(text)
    return typeof key === 'string' ? key : undefined
  } catch {
    // Not a JSON string: the path cannot be read, and its reader hides everything.
    return undefined
  }
}

function topMember(path: string): string {
  const end = path.search(/[.[]/)
  return end === -1 ? path : path.slice(0, end)
}

function listed(paths: readonly string[]): readonly string[] {
  const short = paths.slice(0, MAX_PATHS_LISTED).map(path => cutString(path, MAX_PATH_LENGTH))
  if (paths.length > MAX_PATHS_LISTED) short.push(`<${paths.length - MAX_PATHS_LISTED} paths left out>`)
  return short
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
