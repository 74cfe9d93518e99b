import type { ServiceShapes, Shape } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { Json, JsonObject } from '../../../core/json.ts'
import type { ResolvedShape } from './shapes.ts'

/** What a reader carries through the shapes of one message. */
export interface ReadWalk {
  readonly shapes: ServiceShapes
  /** Grows: paths of sensitive values met so far. */
  readonly sensitive: string[]
}

/** An object under construction. */
export type Draft = Record<string, Json>

/** The path of a structure's member. */
export function memberPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** The path of a list's element, counted from 0. */
export function indexPath(path: string, index: number): string {
  return `${path}[${index}]`
}

/** The path of a map's value: the key as a JSON string, so that no key can look like another path. */
export function keyPath(path: string, key: string): string {
  return `${path}[${JSON.stringify(key)}]`
}

/**
 * Notes a sensitive value. Keys of a map can be sensitive too: then the map as a whole is, since a path
 * would tell the key.
 */
export function noteSensitive(walk: ReadWalk, resolved: ResolvedShape, path: string): void {
  if (resolved.sensitive || hasSensitiveKeys(walk.shapes, resolved.shape)) walk.sensitive.push(path)
}

function hasSensitiveKeys(shapes: ServiceShapes, shape: Shape): boolean {
  if (shape.type !== 'map' || shape.key === undefined) return false
  return shape.key.sensitive === true || shapes.shapes.get(shape.key.shape)?.sensitive === true
}

/** Refuses a union that has more than one member. */
export function checkUnion(shape: Shape, value: JsonObject, path: string): void {
  if (shape.union === true && Object.keys(value).length > 1) {
    throw new GateError('parameter-malformed', `the union ${named(path)} has more than one member set`)
  }
}

/** A path for a message. */
export function named(path: string): string {
  if (path === '') return 'input'
  return path.length > 160 ? `\`${path.slice(0, 160).toWellFormed()}…\`` : `\`${path}\``
}

export function unknownParameter(path: string): GateError {
  return new GateError('parameter-unknown', `the operation has no parameter ${named(path)}`)
}

export function duplicateParameter(path: string): GateError {
  return new GateError('parameter-duplicate', `the parameter ${named(path)} is there more than once`)
}

/** @param expected what should be there: `a list`, `a boolean` */
export function malformedParameter(path: string, expected: string): GateError {
  return new GateError('parameter-malformed', `the parameter ${named(path)} is not ${expected}`)
}

/** A structure's value in the parameters, for a writer. */
export function asStructure(value: Json, path: string): JsonObject {
  if (isObject(value)) return value
  throw malformedParameter(path, 'a structure')
}

/** A list's value in the parameters, for a writer. */
export function asList(value: Json, path: string): readonly Json[] {
  if (isArray(value)) return value
  throw malformedParameter(path, 'a list')
}

/** A map's entries, sorted by key so that one value has one form on the wire. */
export function asEntries(value: Json, path: string): readonly (readonly [string, Json])[] {
  if (!isObject(value)) throw malformedParameter(path, 'a map')
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** A string's value in the parameters, for a writer. */
export function asString(value: Json, path: string): string {
  if (typeof value === 'string') return value
  throw malformedParameter(path, 'a string')
}

/** Refuses members that the structure does not have: a writer never leaves one out in silence. */
export function checkMembers(value: JsonObject, shape: Shape, path: string): void {
  for (const name of Object.keys(value)) {
    if (shape.members?.has(name) !== true) throw unknownParameter(memberPath(path, name))
  }
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object's own member. */
export function ownMember(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
