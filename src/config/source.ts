import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import type { Problem } from './problem.ts'

/** A path into the document: keys of maps and indexes of lists. */
export type Path = readonly (string | number)[]

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A YAML or JSON document that remembers where everything stood. */
export interface Source {
  readonly file: string
  /** The plain value; undefined when the text is not well-formed. */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Where the value of a path stands; for a path that is not there, the nearest parent that is. */
  at(path: Path): Position
  /** Where the key of a path's last step stands. */
  atKey(path: Path): Position
  /**
   * The text of a node with everything before it blanked out, so that positions in it are those of this
   * document; undefined when the path is not there.
   */
  excerpt(path: Path): string | undefined
}

/**
 * Reads YAML 1.2 (https://yaml.org/spec/1.2.2/), of which JSON is a part. Duplicate keys are errors, and so
 * are aliases: they let one place mean another, which a configuration of a gate should not.
 */
export function readSource(file: string, text: string): Source {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems: Problem[] = [...document.errors, ...document.warnings].map(error => ({
    severity: 'error',
    file,
    ...position(error.pos[0]),
    message: `not well-formed YAML: ${lowerFirst(error.message)}`,
  }))
  const alias = findAlias(document.contents)
  if (alias) {
    const where = position(alias.range?.[0] ?? 0)
    problems.push({ severity: 'error', file, ...where, message: 'aliases (`*name`) are not accepted here' })
  }
  const root = document.contents
  const start = (node: Node | undefined): Position => position(node?.range?.[0] ?? 0)
  return {
    file,
    value: problems.length === 0 ? document.toJS() : undefined,
    problems,
    at: path => start(nodeAt(root, path)),
    atKey: path => {
      const pair = pairOf(nodeAt(root, path.slice(0, -1)), path[path.length - 1])
      return start((pair?.key as Node | undefined) ?? nodeAt(root, path))
    },
    excerpt: path => {
      const node = nodeAt(root, path)
      if (!node?.range || !hasPath(root, path)) return undefined
      const { line, column } = position(node.range[0])
      const blank = '\n'.repeat(line - 1) + ' '.repeat(column - 1)
      return blank + text.slice(node.range[0], node.range[1])
    },
  }
}

function pairOf(parent: Node | undefined, key: string | number | undefined): Pair | undefined {
  if (!isMap(parent)) return undefined
  return parent.items.find(pair => isScalar(pair.key) && String(pair.key.value) === String(key))
}

function child(parent: Node | undefined, step: string | number): Node | undefined {
  if (isSeq(parent)) return parent.items[Number(step)] as Node | undefined
  return (pairOf(parent, step)?.value as Node | null | undefined) ?? undefined
}

function nodeAt(root: Node | null, path: Path): Node | undefined {
  let node: Node | undefined = root ?? undefined
  for (const step of path) {
    const next = child(node, step)
    if (!next) return node
    node = next
  }
  return node
}

function hasPath(root: Node | null, path: Path): boolean {
  let node: Node | undefined = root ?? undefined
  for (const step of path) node = child(node, step)
  return node !== undefined
}

function findAlias(node: unknown): Node | undefined {
  if (isAlias(node)) return node
  if (isSeq(node)) return firstOf(node.items, findAlias)
  if (isMap(node)) return firstOf(node.items, pair => findAlias(pair.key) ?? findAlias(pair.value))
  return undefined
}

function firstOf<T>(items: readonly T[], find: (item: T) => Node | undefined): Node | undefined {
  for (const item of items) {
    const found = find(item)
    if (found) return found
  }
  return undefined
}

function lowerFirst(text: string): string {
  const first = text.split('\n', 1)[0] ?? ''
  return first.charAt(0).toLowerCase() + first.slice(1)
}
