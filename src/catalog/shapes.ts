import type {
  Location,
  OperationShapes,
  ServiceShapes,
  Shape,
  ShapeRef,
  ShapeType,
  TimestampFormat,
} from './model.ts'
import { damaged } from './pack.ts'
import { Table } from './table.ts'

/**
 * The shapes of a service, as text. The first line has the names of the shapes, separated by spaces;
 * then comes a line for each shape in that order, an empty line, and a line for each operation.
 *
 * A shape's line has fields separated by tabs: its type and traits, then a reference for each member
 * (list: the member; map: key and value). A reference is `Name place trait…`, with spaces between:
 * `place` is the shape's place in the first line, in base 36. A trait is one letter and its value.
 *
 * An operation's line: `Name  input  output  resultWrapper  errors  flags`, where input and output are
 * references without a name, errors are places.
 */
export const TYPE_LETTERS: Readonly<Record<ShapeType, string>> = {
  structure: 't',
  list: 'l',
  map: 'm',
  string: 's',
  blob: 'b',
  boolean: 'o',
  integer: 'i',
  long: 'n',
  float: 'f',
  double: 'd',
  bigdecimal: 'D',
  biginteger: 'I',
  timestamp: 'T',
  character: 'c',
  document: 'x',
}

/** Traits of a reference without a value. */
export const REF_FLAGS = {
  flattened: 'f',
  xmlAttribute: 'a',
  streaming: 's',
  sensitive: 'S',
  jsonvalue: 'j',
  hostLabel: 'L',
  idempotencyToken: 'i',
  eventpayload: 'p',
  eventheader: 'e',
} as const

/** Where a reference travels; the value is its `locationName`. */
export const LOCATION_LETTERS: Readonly<Record<Location, string>> = {
  uri: 'U',
  querystring: 'Q',
  header: 'H',
  headers: 'M',
  statusCode: 'C',
}

/** The other traits with a value, and those that a structure hangs on its members. */
export const REF_LETTERS = {
  /** `locationName` in the body; `=` is the member's own name. */
  name: 'n',
  queryName: 'q',
  xmlNamespace: 'x',
  timestampFormat: 't',
  required: '!',
  payload: 'P',
} as const

/** Traits of a shape without a value. */
export const SHAPE_FLAGS = {
  union: 'u',
  eventstream: 'E',
  event: 'e',
  flattened: 'f',
  sensitive: 'S',
  streaming: 's',
  exception: 'X',
} as const

/** Traits of a shape with a value. */
export const SHAPE_LETTERS = {
  locationName: 'n',
  xmlNamespace: 'x',
  timestampFormat: 't',
  errorCode: 'c',
  errorStatus: 'h',
  senderFault: 'F',
} as const

export const TIMESTAMP_LETTERS: Readonly<Record<TimestampFormat, string>> = {
  iso8601: 'i',
  rfc822: 'r',
  unixTimestamp: 'u',
}

/** Flags of an operation's line. */
export const OPERATION_SHAPE_FLAGS = { httpChecksumRequired: 'k', unwrappedOutput: 'w' } as const

const TYPES = inverse<ShapeType>(TYPE_LETTERS)
const LOCATIONS = inverse<Location>(LOCATION_LETTERS)
const TIMESTAMPS = inverse<TimestampFormat>(TIMESTAMP_LETTERS)
const REF_FLAG_NAMES = inverse<keyof typeof REF_FLAGS>(REF_FLAGS)
const SHAPE_FLAG_NAMES = inverse<keyof typeof SHAPE_FLAGS>(SHAPE_FLAGS)

type Changing<T> = { -readonly [Key in keyof T]: T[Key] }

/** Reads the chunk `shapes/ID`; each shape and operation is decoded when it is first asked for. */
export function decodeShapes(service: string, text: string): ServiceShapes {
  const lines = text.split('\n')
  const names = (lines[0] ?? '').split(' ')
  const operationLines = lines.slice(names.length + 2)
  const operationNames = operationLines.map(line => line.slice(0, line.indexOf('\t')))
  if (lines[names.length + 1] !== '') throw damaged(`the shapes of \`${service}\` are torn`)
  return Object.freeze({
    service,
    shapes: new Table<Shape>(names, place => decodeShape(lines[place + 1] ?? '', names)),
    operations: new Table<OperationShapes>(operationNames, place =>
      decodeOperationShapes(operationLines[place] ?? '', names),
    ),
  })
}

function decodeOperationShapes(line: string, names: readonly string[]): OperationShapes {
  const [, input, output, resultWrapper, errors, flags = ''] = line.split('\t')
  return Object.freeze({
    ...(input ? { input: decodeRef(input.split(' '), names) } : {}),
    ...(output ? { output: decodeRef(output.split(' '), names) } : {}),
    ...(resultWrapper ? { resultWrapper } : {}),
    errors: Object.freeze(errors ? errors.split(' ').map(place => nameAt(place, names)) : []),
    ...(flags.includes(OPERATION_SHAPE_FLAGS.httpChecksumRequired) ? { httpChecksumRequired: true } : {}),
    ...(flags.includes(OPERATION_SHAPE_FLAGS.unwrappedOutput) ? { unwrappedOutput: true } : {}),
  })
}

function decodeShape(line: string, names: readonly string[]): Shape {
  const fields = line.split('\t')
  const [letter = '', ...traits] = (fields[0] ?? '').split(' ')
  const type = TYPES.get(letter)
  if (type === undefined) throw damaged(`there is no shape type \`${letter}\``)
  const shape: Changing<Shape> = { type }
  for (const trait of traits) addShapeTrait(shape, trait)
  if (type === 'structure') {
    addMembers(shape, fields, names)
  } else if (type === 'list') {
    shape.member = decodeRef((fields[1] ?? '').split(' '), names)
  } else if (type === 'map') {
    shape.key = decodeRef((fields[1] ?? '').split(' '), names)
    shape.value = decodeRef((fields[2] ?? '').split(' '), names)
  }
  return Object.freeze(shape)
}

function addMembers(shape: Changing<Shape>, fields: readonly string[], names: readonly string[]): void {
  const members: string[] = []
  const tokens: (readonly string[])[] = []
  const required: string[] = []
  for (let place = 1; place < fields.length; place++) {
    const parts = (fields[place] ?? '').split(' ')
    const name = parts[0] ?? ''
    members.push(name)
    tokens.push(parts)
    if (parts.includes(REF_LETTERS.required, 2)) required.push(name)
    if (parts.includes(REF_LETTERS.payload, 2)) shape.payload = name
  }
  shape.members = new Table<ShapeRef>(members, place => decodeRef(tokens[place] ?? [], names))
  if (required.length > 0) shape.required = Object.freeze(required)
}

function addShapeTrait(shape: Changing<Shape>, trait: string): void {
  const letter = trait.charAt(0)
  const value = trait.slice(1)
  const flag = SHAPE_FLAG_NAMES.get(letter)
  if (flag !== undefined) {
    shape[flag] = true
    return
  }
  switch (letter) {
    case SHAPE_LETTERS.locationName:
      shape.locationName = value
      return
    case SHAPE_LETTERS.xmlNamespace:
      shape.xmlNamespace = decodeNamespace(value)
      return
    case SHAPE_LETTERS.timestampFormat:
      shape.timestampFormat = timestampOf(value)
      return
    case SHAPE_LETTERS.errorCode:
      shape.error = Object.freeze({ ...shape.error, code: value })
      return
    case SHAPE_LETTERS.errorStatus:
      shape.error = Object.freeze({ ...shape.error, httpStatusCode: Number(value) })
      return
    case SHAPE_LETTERS.senderFault:
      shape.error = Object.freeze({ ...shape.error, senderFault: true })
      return
    default:
      throw damaged(`there is no shape trait \`${letter}\``)
  }
}

function decodeRef(parts: readonly string[], names: readonly string[]): ShapeRef {
  const name = parts[0] ?? ''
  const ref: Changing<ShapeRef> = { shape: nameAt(parts[1] ?? '', names) }
  for (let place = 2; place < parts.length; place++) addRefTrait(ref, parts[place] ?? '', name)
  return Object.freeze(ref)
}

function addRefTrait(ref: Changing<ShapeRef>, trait: string, name: string): void {
  const letter = trait.charAt(0)
  const value = trait.slice(1) === '=' ? name : trait.slice(1)
  const flag = REF_FLAG_NAMES.get(letter)
  const location = LOCATIONS.get(letter)
  if (flag !== undefined) {
    ref[flag] = true
  } else if (location !== undefined) {
    ref.location = location
    if (value !== '') ref.locationName = value
  } else if (letter === REF_LETTERS.name) {
    ref.locationName = value
  } else if (letter === REF_LETTERS.queryName) {
    ref.queryName = value
  } else if (letter === REF_LETTERS.xmlNamespace) {
    ref.xmlNamespace = decodeNamespace(value)
  } else if (letter === REF_LETTERS.timestampFormat) {
    ref.timestampFormat = timestampOf(value)
  } else if (letter !== REF_LETTERS.required && letter !== REF_LETTERS.payload) {
    throw damaged(`there is no trait \`${letter}\` of a reference`)
  }
}

/** `uri` or `uri,prefix`. */
function decodeNamespace(value: string): { readonly prefix?: string; readonly uri: string } {
  const [uri = '', prefix] = value.split(',')
  return Object.freeze(prefix === undefined ? { uri } : { prefix, uri })
}

function timestampOf(letter: string): TimestampFormat {
  const format = TIMESTAMPS.get(letter)
  if (format === undefined) throw damaged(`there is no timestamp format \`${letter}\``)
  return format
}

function nameAt(place: string, names: readonly string[]): string {
  const name = names[Number.parseInt(place, 36)]
  if (name === undefined) throw damaged(`there is no shape at place \`${place}\``)
  return name
}

function inverse<Name extends string>(letters: Readonly<Record<Name, string>>): ReadonlyMap<string, Name> {
  const names = new Map<string, Name>()
  for (const name in letters) names.set(letters[name], name)
  return names
}
