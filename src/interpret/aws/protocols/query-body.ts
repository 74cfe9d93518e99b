import type { ServiceShapes } from '../../../catalog/model.ts'
import type { NameValue } from '../../../core/http.ts'
import type { Json } from '../../../core/json.ts'
import { setMember } from '../../../wire/json/value.ts'
import { type FormNode, isEmptyNode, leafValue, numberedNodes, onlyChild } from './form-tree.ts'
import { readScalar, writeScalar } from './scalar.ts'
import { elementOf, membersOf, type ResolvedMember, type ResolvedShape } from './shapes.ts'
import {
  asEntries,
  asList,
  asStructure,
  checkMembers,
  checkUnion,
  type Draft,
  duplicateParameter,
  indexPath,
  keyPath,
  malformedParameter,
  memberPath,
  noteSensitive,
  ownMember,
  type ReadWalk,
  unknownParameter,
} from './walk.ts'

/*
 * Parameters of the query and ec2 protocols by shape
 * (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, …/aws-ec2-query-protocol.html):
 *
 *   query   list `Name.member.1`, flattened `Name.1`; map `Name.entry.1.key` and `.value`
 *   ec2     list `Name.1`; names are the model's `queryName`, or `locationName` with a capital letter
 *
 * Only the form that the model gives is read. An empty list, map or structure is `Name=`.
 */

/** How a dialect calls things. */
export interface QueryDialect {
  readonly nameOf: (member: ResolvedShape, otherwise: string) => string
  /** What stands between a list's name and its numbers; undefined where nothing does. */
  readonly listInfix: (list: ResolvedShape, element: ResolvedShape) => string | undefined
  /** A flattened list goes by its element's name, where that has one, and not by its own. */
  readonly elementNames: boolean
}

export const QUERY_DIALECT: QueryDialect = {
  nameOf: (resolved, otherwise) => resolved.wireName ?? otherwise,
  listInfix: (list, element) => (list.flattened ? undefined : (element.wireName ?? 'member')),
  elementNames: true,
}

export const EC2_DIALECT: QueryDialect = {
  nameOf: (resolved, otherwise) => {
    if (resolved.ref.queryName !== undefined) return resolved.ref.queryName
    const name = resolved.wireName
    return name === undefined ? otherwise : name.charAt(0).toUpperCase() + name.slice(1)
  },
  listInfix: () => undefined,
  elementNames: false,
}

export interface QueryWalk extends ReadWalk {
  readonly dialect: QueryDialect
}

/** A structure from the nodes under its name. */
export function readFormStructure(
  walk: QueryWalk,
  resolved: ResolvedShape,
  node: FormNode,
  path: string,
): Draft {
  const draft: Draft = {}
  if (isEmptyNode(node, path)) return draft
  const left = new Set(node.children.keys())
  for (const member of membersOf(walk.shapes, resolved.shape)) {
    for (const name of formNames(walk.shapes, walk.dialect, member)) {
      const child = node.children.get(name)
      if (child === undefined || !left.delete(name)) continue
      const where = memberPath(path, member.name)
      if (Object.hasOwn(draft, member.name)) throw duplicateParameter(where)
      draft[member.name] = readFormValue(walk, member, child, where)
    }
  }
  const [unknown] = left
  if (unknown !== undefined) throw unknownParameter(memberPath(path, unknown))
  checkUnion(resolved.shape, draft, path)
  return draft
}

function readFormValue(walk: QueryWalk, resolved: ResolvedShape, node: FormNode, path: string): Json {
  noteSensitive(walk, resolved, path)
  switch (resolved.shape.type) {
    case 'structure':
      return readFormStructure(walk, resolved, node, path)
    case 'list':
      return readFormList(walk, resolved, node, path)
    case 'map':
      return readFormMap(walk, resolved, node, path)
    default:
      return readScalar(resolved, leafValue(node, path), path)
  }
}

function readFormList(walk: QueryWalk, resolved: ResolvedShape, node: FormNode, path: string): Json {
  if (isEmptyNode(node, path)) return []
  const element = elementOf(walk.shapes, resolved.shape.member)
  const infix = walk.dialect.listInfix(resolved, element)
  const numbered = numberedNodes(infix === undefined ? node : onlyChild(node, infix, path), path)
  return numbered.map((item, i) => readFormValue(walk, element, item, indexPath(path, i)))
}

function readFormMap(walk: QueryWalk, resolved: ResolvedShape, node: FormNode, path: string): Json {
  const draft: Draft = {}
  if (isEmptyNode(node, path)) return draft
  const key = elementOf(walk.shapes, resolved.shape.key)
  const value = elementOf(walk.shapes, resolved.shape.value)
  const keyName = walk.dialect.nameOf(key, 'key')
  const valueName = walk.dialect.nameOf(value, 'value')
  for (const entry of numberedNodes(resolved.flattened ? node : onlyChild(node, 'entry', path), path)) {
    const keyNode = entry.children.get(keyName)
    const valueNode = entry.children.get(valueName)
    if (
      keyNode === undefined ||
      valueNode === undefined ||
      entry.children.size !== 2 ||
      entry.value !== undefined
    ) {
      throw malformedParameter(path, `a map of \`${keyName}\` and \`${valueName}\``)
    }
    const name = leafValue(keyNode, path)
    const where = keyPath(path, name)
    if (Object.hasOwn(draft, name)) throw duplicateParameter(where)
    setMember(draft, name, readFormValue(walk, value, valueNode, where))
  }
  return draft
}

/** The names under which a member may stand: its form, and for a renamed list its empty form. */
function formNames(shapes: ServiceShapes, dialect: QueryDialect, member: ResolvedMember): readonly string[] {
  const own = dialect.nameOf(member, member.name)
  const listName = flatListName(shapes, dialect, member)
  return listName === undefined || listName === own ? [own] : [listName, own]
}

function flatListName(
  shapes: ServiceShapes,
  dialect: QueryDialect,
  resolved: ResolvedShape,
): string | undefined {
  if (!dialect.elementNames || !resolved.flattened || resolved.shape.type !== 'list') return undefined
  return elementOf(shapes, resolved.shape.member).wireName
}

/** What a writer carries through the shapes. */
export interface FormWriter {
  readonly shapes: ServiceShapes
  readonly dialect: QueryDialect
  /** Grows: the pairs of the form. */
  readonly pairs: NameValue[]
}

/** Appends the pairs of a structure. @param prefix its name with a dot at the end; empty for the input */
export function writeFormStructure(
  writer: FormWriter,
  resolved: ResolvedShape,
  value: Json,
  prefix: string,
  path: string,
): void {
  const structure = asStructure(value, path)
  checkMembers(structure, resolved.shape, path)
  checkUnion(resolved.shape, structure, path)
  for (const member of membersOf(writer.shapes, resolved.shape)) {
    const item = ownMember(structure, member.name)
    if (item === undefined) continue
    const isFilled = Array.isArray(item) && item.length > 0
    const listName = isFilled ? flatListName(writer.shapes, writer.dialect, member) : undefined
    const name = listName ?? writer.dialect.nameOf(member, member.name)
    writeFormValue(writer, member, item, prefix + name, memberPath(path, member.name))
  }
}

function writeFormValue(
  writer: FormWriter,
  resolved: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): void {
  switch (resolved.shape.type) {
    case 'structure':
      if (Object.keys(asStructure(value, path)).length === 0) writer.pairs.push([name, ''])
      else writeFormStructure(writer, resolved, value, `${name}.`, path)
      return
    case 'list':
      writeFormList(writer, resolved, value, name, path)
      return
    case 'map':
      writeFormMap(writer, resolved, value, name, path)
      return
    default:
      writer.pairs.push([name, writeScalar(resolved, value, 'iso8601', path)])
  }
}

function writeFormList(
  writer: FormWriter,
  resolved: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): void {
  const list = asList(value, path)
  if (list.length === 0) writer.pairs.push([name, ''])
  const element = elementOf(writer.shapes, resolved.shape.member)
  const infix = writer.dialect.listInfix(resolved, element)
  const prefix = infix === undefined ? name : `${name}.${infix}`
  for (const [i, item] of list.entries()) {
    writeFormValue(writer, element, item, `${prefix}.${i + 1}`, indexPath(path, i))
  }
}

function writeFormMap(
  writer: FormWriter,
  resolved: ResolvedShape,
  value: Json,
  name: string,
  path: string,
): void {
  const entries = asEntries(value, path)
  if (entries.length === 0) writer.pairs.push([name, ''])
  const key = elementOf(writer.shapes, resolved.shape.key)
  const element = elementOf(writer.shapes, resolved.shape.value)
  const prefix = resolved.flattened ? name : `${name}.entry`
  for (const [i, [text, item]] of entries.entries()) {
    const entry = `${prefix}.${i + 1}.`
    writer.pairs.push([entry + writer.dialect.nameOf(key, 'key'), text])
    writeFormValue(
      writer,
      element,
      item,
      entry + writer.dialect.nameOf(element, 'value'),
      keyPath(path, text),
    )
  }
}
