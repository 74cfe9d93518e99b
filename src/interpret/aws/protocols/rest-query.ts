import type { NameValue } from '../../../core/http.ts'
import type { Json } from '../../../core/json.ts'
import { setMember } from '../../../wire/json/value.ts'
import type { Parameters } from '../call.ts'
import type { OperationContext } from './operation.ts'
import { readScalar, writeScalar } from './scalar.ts'
import { elementOf, membersOf, type ResolvedMember, type ResolvedShape } from './shapes.ts'
import {
  asEntries,
  asList,
  type Draft,
  duplicateParameter,
  memberPath,
  ownMember,
  unknownParameter,
} from './walk.ts'

/** Reads the members that travel in the query string; a parameter that belongs to none is refused. */
export function readQueryMembers(
  op: OperationContext,
  input: ResolvedShape,
  query: readonly NameValue[],
  draft: Draft,
): void {
  const members = membersOf(op.shapes, input.shape).filter(({ ref }) => ref.location === 'querystring')
  const named = new Map(
    members.filter(({ shape }) => shape.type !== 'map').map(one => [one.wireName ?? one.name, one]),
  )
  const rest = members.find(({ shape }) => shape.type === 'map')
  for (const [name, text] of query) {
    const member = named.get(name)
    if (member !== undefined) readNamed(op, member, text, draft)
    else if (rest !== undefined) readEntry(op, rest, name, text, draft)
    else throw unknownParameter(name)
  }
}

function readNamed(op: OperationContext, member: ResolvedMember, text: string, draft: Draft): void {
  const before = ownMember(draft, member.name)
  if (member.shape.type === 'list') {
    const value = readScalar(elementOf(op.shapes, member.shape.member), text, member.name)
    draft[member.name] = before === undefined ? [value] : [...asList(before, member.name), value]
    return
  }
  if (before !== undefined) throw duplicateParameter(member.name)
  draft[member.name] = readScalar(member, text, member.name)
}

/** A member that takes every parameter that has no other place: name -> text, or name -> texts. */
function readEntry(
  op: OperationContext,
  member: ResolvedMember,
  name: string,
  text: string,
  draft: Draft,
): void {
  const entries: Draft = { ...(ownMember(draft, member.name) as Draft | undefined) }
  const element = elementOf(op.shapes, member.shape.value)
  const before = ownMember(entries, name)
  const path = memberPath(member.name, name)
  if (element.shape.type === 'list') {
    const value = readScalar(elementOf(op.shapes, element.shape.member), text, path)
    setMember<Json>(entries, name, before === undefined ? [value] : [...asList(before, path), value])
  } else {
    if (before !== undefined) throw duplicateParameter(path)
    setMember<Json>(entries, name, readScalar(element, text, path))
  }
  draft[member.name] = entries
}

/** The members that travel in the query string, not encoded yet. */
export function writeQueryMembers(
  op: OperationContext,
  input: ResolvedShape,
  parameters: Parameters,
): NameValue[] {
  const query: NameValue[] = []
  for (const member of membersOf(op.shapes, input.shape)) {
    const value = ownMember(parameters, member.name)
    if (member.ref.location !== 'querystring' || value === undefined) continue
    if (member.shape.type === 'map') {
      for (const [name, item] of asEntries(value, member.name)) {
        query.push(...writeNamed(op, elementOf(op.shapes, member.shape.value), name, item))
      }
    } else {
      query.push(...writeNamed(op, member, member.wireName ?? member.name, value))
    }
  }
  return query
}

function writeNamed(op: OperationContext, resolved: ResolvedShape, name: string, value: Json): NameValue[] {
  if (resolved.shape.type !== 'list') return [[name, writeScalar(resolved, value, 'iso8601', name)]]
  const element = elementOf(op.shapes, resolved.shape.member)
  return asList(value, name).map(item => [name, writeScalar(element, item, 'iso8601', name)])
}
