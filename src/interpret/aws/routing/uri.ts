import type { OperationHead, ServiceHead } from '../../../catalog/model.ts'
import type { NameValue } from '../../../core/http.ts'

/** A query parameter that a URI template demands: `tagging`, or `list-type` with the value `2`. */
export interface QueryLiteral {
  readonly name: string
  /** The value that it must have; empty for a bare name. */
  readonly value: string
}

/** One operation's URI template, taken apart (Smithy, `http` trait). */
export interface UriEntry {
  readonly service: ServiceHead
  readonly operation: OperationHead
  readonly segments: readonly UriSegment[]
  readonly literals: readonly QueryLiteral[]
  /** One digit a segment, 2 for a literal, 1 for a label, 0 for a greedy one: greater is more specific. */
  readonly rank: string
}

export type UriSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string }

const RANKS = { literal: '2', label: '1', greedy: '0' } as const

/** Takes a template like `/{Bucket}/{Key+}?tagging` apart. */
export function compileUri(service: ServiceHead, operation: OperationHead): UriEntry {
  const mark = operation.uri.indexOf('?')
  const path = mark === -1 ? operation.uri : operation.uri.slice(0, mark)
  const segments = path
    .split('/')
    .filter(text => text !== '')
    .map(compileSegment)
  return {
    service,
    operation,
    segments,
    literals: mark === -1 ? [] : compileLiterals(operation.uri.slice(mark + 1)),
    rank: segments.map(segment => RANKS[segment.kind]).join(''),
  }
}

function compileSegment(text: string): UriSegment {
  if (!text.startsWith('{')) return { kind: 'literal', text }
  if (text.endsWith('+}')) return { kind: 'greedy', name: text.slice(1, -2) }
  return { kind: 'label', name: text.slice(1, -1) }
}

function compileLiterals(query: string): readonly QueryLiteral[] {
  return query.split('&').map(piece => {
    const equals = piece.indexOf('=')
    return equals === -1
      ? { name: piece, value: '' }
      : { name: piece.slice(0, equals), value: piece.slice(equals + 1) }
  })
}

/** True where the query holds every literal of the template with its value, each once. */
export function holdsLiterals(entry: UriEntry, query: readonly NameValue[]): boolean {
  return entry.literals.every(literal => {
    const found = query.filter(([name]) => name === literal.name)
    return found.length === 1 && found[0]?.[1] === literal.value
  })
}

/** The query without the template's literals: what is left belongs to members. */
export function withoutLiterals(entry: UriEntry, query: readonly NameValue[]): readonly NameValue[] {
  if (entry.literals.length === 0) return query
  return query.filter(([name]) => !entry.literals.some(literal => literal.name === name))
}
