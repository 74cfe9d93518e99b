import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { POLICY_LIMITS } from './limits.ts'
import { type Position, quote } from './problem.ts'

/** A policy document as text, JSON or YAML. */
export interface PolicySource {
  /** File name or other name, as it stands in messages and in decisions. */
  readonly name: string
  readonly text: string
}

/** A parsed document in which every node knows its place. */
export type Tree = TextNode | ListNode | MapNode

/** A scalar, always as its text: `4`, `true` and `"4"`, `"true"` mean the same, as they do in IAM. */
export interface TextNode {
  readonly kind: 'text'
  readonly at: Position
  readonly text: string
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Position
  readonly items: readonly Tree[]
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Position
  /** In the document's order; no key occurs twice. */
  readonly entries: readonly { readonly key: string; readonly at: Position; readonly value: Tree }[]
}

/** Why a text could not be read. Caught in this folder and turned into a problem with its place. */
export class SourceError extends Error {
  readonly kind: 'syntax' | 'limit'
  readonly at: Position

  constructor(kind: 'syntax' | 'limit', at: Position, message: string) {
    super(message)
    this.kind = kind
    this.at = at
  }
}

const START: Position = { line: 1, column: 1 }

/**
 * Reads JSON or YAML 1.2 into a tree. JSON is read as the subset of YAML that it is. Scalars stay text
 * (YAML's failsafe schema), so that an account number keeps its leading zero. Refuses what could mean
 * two things: duplicate keys, several documents, tags, directives, null.
 */
export function readSource(source: PolicySource): Tree {
  const { text } = source
  if (text.length > POLICY_LIMITS.textLength) {
    const limit = POLICY_LIMITS.textLength
    throw new SourceError('limit', START, `the document is longer than ${limit} characters`)
  }
  checkRawDepth(text)
  const lines = new LineCounter()
  const document = parse(text, lines)
  const error = document.errors[0] ?? document.warnings[0]
  if (error !== undefined) {
    throw new SourceError('syntax', place(lines, error.pos[0]), lowerFirst(error.message))
  }
  if (document.directives?.yaml.explicit === true) {
    throw new SourceError('syntax', START, 'a `%YAML` directive is not accepted')
  }
  if (document.contents === null) throw new SourceError('syntax', START, 'the document is empty')
  const walk: Walk = { document, lines, nodes: 0 }
  return convert(walk, document.contents, 1)
}

function parse(text: string, lines: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: 'failsafe',
      version: '1.2',
      uniqueKeys: false, // quadratic; `convertEntries` checks it
      logLevel: 'error',
    })
  } catch (cause) {
    // The composer recurses: what the raw count let through may still be too deep for the stack.
    const reason = cause instanceof RangeError ? 'is nested too deeply' : 'cannot be read'
    throw new SourceError('limit', START, `the document ${reason}`)
  }
}

/** Counts open brackets and leading dashes, so that no deep nesting ever reaches the recursive parser. */
function checkRawDepth(text: string): void {
  const limit = POLICY_LIMITS.rawDepth
  let depth = 0
  let dashes = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1)
    if (character === '\n') dashes = 0
    else if ((character === '-' || character === '?' || character === ':') && text[i + 1] === ' ') dashes++
    if (depth > limit || dashes > limit) {
      throw new SourceError('limit', START, `the document opens more than ${limit} levels at once`)
    }
  }
}

interface Walk {
  readonly document: Document.Parsed
  readonly lines: LineCounter
  nodes: number
}

function convert(walk: Walk, node: Node, depth: number): Tree {
  const at = place(walk.lines, node.range?.[0] ?? 0)
  if (++walk.nodes > POLICY_LIMITS.nodes) {
    throw new SourceError('limit', at, `the document has more than ${POLICY_LIMITS.nodes} nodes`)
  }
  if (depth > POLICY_LIMITS.depth) {
    throw new SourceError('limit', at, `the document is nested deeper than ${POLICY_LIMITS.depth} levels`)
  }
  if (isAlias(node)) {
    const target = node.resolve(walk.document)
    if (target === undefined) throw new SourceError('syntax', at, `unknown alias ${quote(node.source)}`)
    return convert(walk, target, depth + 1)
  }
  if (node.tag !== undefined && !STRUCTURAL_TAGS.has(node.tag)) {
    throw new SourceError('syntax', at, `the tag ${quote(node.tag)} is not accepted`)
  }
  if (isScalar(node)) return { kind: 'text', at, text: scalarText(node, at) }
  if (isSeq(node)) return { kind: 'list', at, items: convertItems(walk, node, at, depth) }
  if (isMap(node)) return { kind: 'map', at, entries: convertEntries(walk, node, at, depth) }
  throw new SourceError('syntax', at, 'this kind of YAML node is not accepted')
}

const STRUCTURAL_TAGS: ReadonlySet<string> = new Set([
  'tag:yaml.org,2002:map',
  'tag:yaml.org,2002:seq',
  'tag:yaml.org,2002:str',
])

function convertItems(walk: Walk, list: YAMLSeq, at: Position, depth: number): Tree[] {
  return list.items.map(item => {
    if (isPair(item) || item === null) throw new SourceError('syntax', at, 'a list item is empty')
    return convert(walk, item as Node, depth + 1)
  })
}

function convertEntries(walk: Walk, map: YAMLMap, at: Position, depth: number): MapNode['entries'] {
  const seen = new Set<string>()
  return map.items.map(pair => {
    if (!isScalar(pair.key)) throw new SourceError('syntax', at, 'a key must be a plain text')
    const keyAt = place(walk.lines, pair.key.range?.[0] ?? 0)
    const key = keyText(pair.key, keyAt)
    if (seen.has(key)) throw new SourceError('syntax', keyAt, `the key ${quote(key)} stands here twice`)
    seen.add(key)
    if (pair.value === null) throw new SourceError('syntax', keyAt, `${quote(key)} has no value`)
    return { key, at: keyAt, value: convert(walk, pair.value as Node, depth + 1) }
  })
}

/** `Null` is a condition operator, so as a key it is the word itself. */
function keyText(scalar: Scalar, at: Position): string {
  return scalar.value === 'Null' ? 'Null' : scalarText(scalar, at)
}

const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL'])

function scalarText(scalar: Scalar, at: Position): string {
  const text = String(scalar.value ?? '')
  if (scalar.type === Scalar.PLAIN && NULLS.has(text)) {
    throw new SourceError(
      'syntax',
      at,
      'an empty or null value is not accepted; write `""` for an empty text',
    )
  }
  return text
}

function place(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function lowerFirst(message: string): string {
  const text = message.trim().replace(/\.$/, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
