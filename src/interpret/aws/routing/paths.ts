import type { ServiceHead } from '../../../catalog/model.ts'
import { compileUri, type UriEntry, type UriSegment } from './uri.ts'

/** An operation whose template fits a path, with the decoded values of its labels. */
export interface PathMatch {
  readonly entry: UriEntry
  readonly labels: ReadonlyMap<string, string>
}

interface Node {
  readonly literals: Map<string, Node>
  label: Node | undefined
  /** Templates whose greedy label begins here. */
  readonly greedy: UriEntry[]
  readonly ends: UriEntry[]
}

/**
 * The URI templates of one service as a tree per method. Literals are compared with segments that have
 * been decoded once, so that a template cannot be dodged by encoding a letter of it; and since the
 * canonical form encodes the same segments again, it comes out at the same operation.
 */
export class PathTree {
  readonly #byMethod = new Map<string, Node>()

  constructor(service: ServiceHead) {
    for (const operation of service.operations.values()) {
      const entry = compileUri(service, operation)
      let node = this.#byMethod.get(operation.method)
      if (node === undefined) {
        node = newNode()
        this.#byMethod.set(operation.method, node)
      }
      insert(node, entry)
    }
  }

  /** Every operation whose template fits, in no order. */
  match(method: string, segments: readonly string[]): readonly PathMatch[] {
    const found: UriEntry[] = []
    const root = this.#byMethod.get(method)
    if (root !== undefined) collect(root, segments, 0, found)
    return found.map(entry => ({ entry, labels: labelsOf(entry.segments, segments) }))
  }
}

function newNode(): Node {
  return { literals: new Map(), label: undefined, greedy: [], ends: [] }
}

function insert(root: Node, entry: UriEntry): void {
  let node = root
  for (const segment of entry.segments) {
    if (segment.kind === 'greedy') {
      node.greedy.push(entry)
      return
    }
    node = step(node, segment)
  }
  node.ends.push(entry)
}

function step(node: Node, segment: UriSegment): Node {
  if (segment.kind !== 'literal') {
    node.label ??= newNode()
    return node.label
  }
  let next = node.literals.get(segment.text)
  if (next === undefined) {
    next = newNode()
    node.literals.set(segment.text, next)
  }
  return next
}

function collect(node: Node, segments: readonly string[], at: number, found: UriEntry[]): void {
  for (const entry of node.greedy) {
    if (fitsGreedy(entry, segments, at)) found.push(entry)
  }
  const segment = segments[at]
  if (segment === undefined) {
    found.push(...node.ends)
    return
  }
  const literal = node.literals.get(segment)
  if (literal !== undefined) collect(literal, segments, at + 1, found)
  if (node.label !== undefined) collect(node.label, segments, at + 1, found)
}

/** A greedy label takes at least one segment; only literals may stand behind it. */
function fitsGreedy(entry: UriEntry, segments: readonly string[], at: number): boolean {
  const behind = entry.segments.slice(at + 1)
  if (segments.length - at - behind.length < 1) return false
  const from = segments.length - behind.length
  return behind.every((segment, i) => segment.kind === 'literal' && segment.text === segments[from + i])
}

function labelsOf(template: readonly UriSegment[], segments: readonly string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  const spare = segments.length - template.length
  let at = 0
  for (const segment of template) {
    const length = segment.kind === 'greedy' ? spare + 1 : 1
    if (segment.kind !== 'literal') labels.set(segment.name, segments.slice(at, at + length).join('/'))
    at += length
  }
  return labels
}
