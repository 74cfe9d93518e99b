import { POLICY_LIMITS } from './limits.ts'
import { type Located, oneOf, type Position, type Problem, type ProblemKind, quote } from './problem.ts'
import type { MapNode, Tree } from './source.ts'

/** Collects the problems of one document while it is read, so that all of them are told at once. */
export class Report {
  readonly policy: string
  readonly problems: Problem[] = []

  constructor(policy: string) {
    this.policy = policy
  }

  get failed(): boolean {
    return this.problems.some(problem => problem.severity === 'error')
  }

  error(kind: ProblemKind, at: Position, message: string): void {
    this.#add({ severity: 'error', kind, policy: this.policy, at, message })
  }

  warn(kind: ProblemKind, at: Position, message: string): void {
    this.#add({ severity: 'warning', kind, policy: this.policy, at, message })
  }

  /** The first error is always kept, or a document full of warnings could be taken for a good one. */
  #add(problem: Problem): void {
    const full = this.problems.length >= POLICY_LIMITS.problems
    if (!full || (problem.severity === 'error' && !this.failed)) this.problems.push(problem)
  }
}

/** The members of an object, each looked up once; what is left over is an error. */
export class Members {
  readonly at: Position
  readonly #report: Report
  readonly #what: string
  readonly #entries: Map<string, MapNode['entries'][number]>
  readonly #known: string[] = []

  private constructor(report: Report, what: string, node: MapNode) {
    this.at = node.at
    this.#report = report
    this.#what = what
    this.#entries = new Map(node.entries.map(entry => [entry.key, entry]))
  }

  /** The node's members; undefined, with an error reported, where it is no object. */
  static of(report: Report, what: string, node: Tree): Members | undefined {
    if (node.kind === 'map') return new Members(report, what, node)
    report.error('structure', node.at, `${what} must be an object, not a ${node.kind}`)
    return undefined
  }

  take(name: string): MapNode['entries'][number] | undefined {
    this.#known.push(name)
    const entry = this.#entries.get(name)
    this.#entries.delete(name)
    return entry
  }

  /** Reports every member that nothing asked for. */
  done(): void {
    for (const { key, at } of this.#entries.values()) {
      const accepted = oneOf(this.#known)
      this.#report.error(
        'structure',
        at,
        `${this.#what} has no member ${quote(key)}; it may have ${accepted}`,
      )
    }
  }
}

/** The node as a text within the limit; undefined, with an error reported, where it is none. */
export function readText(report: Report, what: string, node: Tree): Located | undefined {
  if (node.kind !== 'text') {
    report.error(
      'structure',
      node.at,
      `${what} must be a text, not ${node.kind === 'map' ? 'an object' : 'a list'}`,
    )
    return undefined
  }
  if (node.text.length > POLICY_LIMITS.valueLength) {
    const limit = POLICY_LIMITS.valueLength
    report.error('limit', node.at, `${what} is longer than ${limit} characters`)
    return undefined
  }
  return { text: node.text, at: node.at }
}

/** One text or a list of texts, as IAM takes both. */
export function readTexts(report: Report, what: string, node: Tree): readonly Located[] {
  if (node.kind !== 'list') {
    const text = readText(report, what, node)
    return text === undefined ? [] : [text]
  }
  if (node.items.length > POLICY_LIMITS.listValues) {
    report.error('limit', node.at, `${what} has more than ${POLICY_LIMITS.listValues} values`)
    return []
  }
  if (node.items.length === 0) report.error('value', node.at, `${what} is an empty list`)
  return node.items.flatMap(item => readText(report, what, item) ?? [])
}

/** A text out of a fixed set. */
export function readOneOf<T extends string>(
  report: Report,
  what: string,
  node: Tree,
  accepted: readonly T[],
): T | undefined {
  const text = readText(report, what, node)
  if (text === undefined) return undefined
  const found = accepted.find(value => value === text.text)
  if (found === undefined) {
    report.error(
      'value',
      text.at,
      `${what} ${quote(text.text)} is not accepted; it must be ${oneOf(accepted)}`,
    )
  }
  return found
}
