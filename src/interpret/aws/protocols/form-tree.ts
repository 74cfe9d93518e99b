import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import { duplicateParameter, malformedParameter } from './walk.ts'

/** A name of a form, taken apart at its dots: `Filter.1.Name=x` is three nodes, the last with a value. */
export interface FormNode {
  value: string | undefined
  readonly children: Map<string, FormNode>
}

const MAX_NAME_PARTS = 64

/** The tree of a form's pairs. @throws GateError `parameter-duplicate`, `parameter-malformed` */
export function formTree(pairs: readonly NameValue[]): FormNode {
  const root = newNode()
  for (const [name, value] of pairs) {
    const parts = name.split('.', MAX_NAME_PARTS + 1)
    if (parts.length > MAX_NAME_PARTS) {
      throw new GateError('parameter-malformed', `a parameter name has more than ${MAX_NAME_PARTS} parts`)
    }
    let node = root
    for (const part of parts) node = childOf(node, part)
    if (node.value !== undefined) throw duplicateParameter(name)
    node.value = value
  }
  return root
}

/** The text of a node that must be a scalar. */
export function leafValue(node: FormNode, path: string): string {
  if (node.value === undefined || node.children.size > 0) throw malformedParameter(path, 'a single value')
  return node.value
}

/** Whether a node stands for an empty list, map or structure: `Name=` and nothing below. */
export function isEmptyNode(node: FormNode, path: string): boolean {
  if (node.value === undefined) return false
  if (node.value !== '' || node.children.size > 0) throw malformedParameter(path, 'a list, map or structure')
  return true
}

/**
 * The nodes of `prefix.1` to `prefix.N` in order. A gap, a leading zero or another name is refused: what
 * AWS would make of the order is not for sure.
 */
export function numberedNodes(node: FormNode, path: string): readonly FormNode[] {
  const nodes: FormNode[] = []
  for (let i = 1; i <= node.children.size; i++) {
    const next = node.children.get(String(i))
    if (next === undefined)
      throw malformedParameter(path, `numbered from 1 to ${node.children.size} without a gap`)
    nodes.push(next)
  }
  return nodes
}

/** The only child that a node may have; its name is part of the form of lists and maps. */
export function onlyChild(node: FormNode, name: string, path: string): FormNode {
  const child = node.children.get(name)
  if (child === undefined || node.children.size > 1)
    throw malformedParameter(path, `in the form \`.${name}.N\` only`)
  if (child.value !== undefined) throw malformedParameter(path, `in the form \`.${name}.N\` only`)
  return child
}

function childOf(node: FormNode, part: string): FormNode {
  const known = node.children.get(part)
  if (known !== undefined) return known
  const child = newNode()
  node.children.set(part, child)
  return child
}

function newNode(): FormNode {
  return { value: undefined, children: new Map() }
}
