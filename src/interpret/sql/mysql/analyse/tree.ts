import { Unresolved } from '../../model.ts'
import type { Canonical } from '../parse/canonical.ts'
import { RESERVED } from './words.ts'

/** What a name is in a tree; a function may be called as a reserved word is. */
export type NameUse = 'column' | 'table' | 'alias' | 'function'

/** A statement, as the grammar read it, beside the tokens that it was made of. */
export class Tree {
  readonly canonical: Canonical
  /** Tokens that the tree names. */
  readonly seen: Set<number> = new Set()
  /** Tokens at which the name of a table begins. */
  readonly tables: Set<number> = new Set()

  constructor(canonical: Canonical) {
    this.canonical = canonical
  }

  /** A name, as the lexer read it at that place. */
  name(node: unknown, use: NameUse): string {
    const fields = new Fields('a name', node)
    const value = fields.text('value')
    const quote = fields.take('quote_style')
    const span = fields.take('span')
    fields.done()
    // A text as an alias is the number of its token.
    const index = quote === "'" ? Number(value) : this.canonical.at(columnOf(span))
    const token = index === undefined ? undefined : this.canonical.tokens[index]
    if (index === undefined || token === undefined)
      throw new Unresolved(`\`${value}\` stands where no word does`)
    const isText = quote === "'" && token.kind === 'string' && use === 'alias'
    if (!isText && (token.value !== value || (token.kind !== 'word' && token.kind !== 'name'))) {
      throw new Unresolved(`the grammar reads \`${value}\` where the text has something else`)
    }
    if (token.kind === 'word' && use !== 'function' && RESERVED.has(value.toUpperCase())) {
      throw new Unresolved(`the grammar takes the word \`${value}\` for a name`)
    }
    this.seen.add(index)
    if (use === 'table') this.tables.add(index)
    return token.value
  }

  /** `a`, `a.b`, `a.b.c`. */
  path(node: unknown, use: NameUse): readonly string[] {
    return listOf(node).map((part, i) => {
      const { tag, body } = variantOf(part)
      if (tag !== 'Identifier') throw new Unresolved(`a name has a part of the kind ${tag}`)
      return this.name(body, i === 0 || use !== 'table' ? use : 'column')
    })
  }
}

function columnOf(span: unknown): number {
  const column = (span as { readonly start?: { readonly column?: unknown } } | undefined)?.start?.column
  if (typeof column !== 'number') throw new Unresolved('the grammar does not say where a name stands')
  return column
}

/** A node of the tree: what nobody takes and means something makes the statement one that cannot be told. */
export class Fields {
  readonly #what: string
  readonly #left: Map<string, unknown>

  constructor(what: string, node: unknown) {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) {
      throw new Unresolved(`${what} is not built as the gate knows it`)
    }
    this.#what = what
    this.#left = new Map(Object.entries(node))
  }

  take(name: string): unknown {
    const value = this.#left.get(name)
    this.#left.delete(name)
    return value ?? undefined
  }

  text(name: string): string {
    const value = this.take(name)
    if (typeof value !== 'string') throw new Unresolved(`${this.#what} has no \`${name}\``)
    return value
  }

  list(name: string): readonly unknown[] {
    const value = this.take(name)
    return value === undefined ? [] : listOf(value)
  }

  /** These say nothing that matters to the gate. */
  skip(...names: readonly string[]): this {
    for (const name of names) this.#left.delete(name)
    return this
  }

  /** Throws `Unresolved` if something is left that is not empty. */
  done(): void {
    for (const [name, value] of this.#left) {
      if (name.endsWith('_token') || isEmpty(value)) continue
      throw new Unresolved(`the gate does not know \`${name}\` in ${this.#what}`)
    }
  }
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === null || value === undefined || value === false || value === 'None'
}

export function listOf(node: unknown): readonly unknown[] {
  if (!Array.isArray(node)) throw new Unresolved('a list is not built as the gate knows it')
  return node
}

/** `{Tag: body}` or `'Tag'`. */
export function variantOf(node: unknown): { readonly tag: string; readonly body: unknown } {
  if (typeof node === 'string') return { tag: node, body: undefined }
  const entries = typeof node === 'object' && node !== null ? Object.entries(node) : []
  const [entry] = entries
  if (entry === undefined || entries.length !== 1) throw new Unresolved('a node has no kind')
  return { tag: entry[0], body: entry[1] }
}
