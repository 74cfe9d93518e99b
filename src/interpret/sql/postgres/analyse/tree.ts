import type { Node } from 'libpg-query'
import { Unresolved } from '../../model.ts'

/** Every kind of node with what it holds: `SelectStmt` -> `SelectStmt`. */
type UnionToIntersection<U> = (U extends unknown ? (of: U) => void : never) extends (of: infer I) => void
  ? I
  : never
export type Nodes = UnionToIntersection<Node>
export type NodeKind = keyof Nodes & string

/** A node's kind and body. The parser wraps each node in an object with one member. */
export function kindOf(node: Node): NodeKind {
  const [kind, other] = Object.keys(node)
  if (kind === undefined || other !== undefined) throw new Unresolved('a node of the tree has no kind')
  return kind as NodeKind
}

/** The body of a node that must be of a kind. */
export function bodyOf<K extends NodeKind>(node: Node | undefined, kind: K): Nodes[K] {
  const body = node === undefined ? undefined : (node as Partial<Nodes>)[kind]
  if (body === undefined) throw new Unresolved(`the tree has something else where a ${kind} belongs`)
  return body as Nodes[K]
}

/** The body if the node is of the kind. */
export function ifKind<K extends NodeKind>(node: Node | undefined, kind: K): Nodes[K] | undefined {
  return node === undefined ? undefined : ((node as Partial<Nodes>)[kind] as Nodes[K] | undefined)
}

/** A list of names: `String` nodes. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).map(node => bodyOf(node, 'String').sval ?? '')
}

/** Kinds without a meaning of their own for what a statement touches; what holds them reads them. */
const INERT: ReadonlySet<string> = new Set([
  'String',
  'Integer',
  'Float',
  'Boolean',
  'BitString',
  'A_Const',
  'A_Star',
  'A_Indices',
  'List',
  'Alias',
  'TypeName',
  'DefElem',
  'RoleSpec',
  'AccessPriv',
  'ColumnDef',
  'Constraint',
  'CollateClause',
  'LockingClause',
  'ReturningOption',
])

/**
 * Keeps which nodes were read, so that nothing of a tree is passed over: a member that a newer grammar adds, or that
 * somebody forgot, makes the statement one that cannot be told.
 */
export class Reading {
  readonly #seen = new WeakSet<object>()

  mark(body: object): void {
    this.#seen.add(body)
  }

  /** Throws `Unresolved` if something of the tree was not read. Without recursion. */
  checkAll(tree: Node): void {
    const open: unknown[] = [tree]
    while (open.length > 0) {
      const value = open.pop()
      if (typeof value !== 'object' || value === null) continue
      if (Array.isArray(value)) {
        open.push(...value)
        continue
      }
      const keys = Object.keys(value)
      const [kind] = keys
      const body: unknown = kind === undefined ? undefined : (value as Record<string, unknown>)[kind]
      const isNode =
        keys.length === 1 && kind !== undefined && /^[A-Z]/.test(kind) && typeof body === 'object'
      if (isNode && !INERT.has(kind) && !this.#seen.has(body as object)) {
        throw new Unresolved(`the gate does not know what a ${kind} means here`)
      }
      if ('relname' in value && !this.#seen.has(value)) {
        throw new Unresolved('a relation stands where the gate does not look for one')
      }
      open.push(...Object.values(value))
    }
  }
}
