import type { Location, ShapeType, TimestampFormat } from '../../src/catalog/model.ts'
import {
  LOCATION_LETTERS,
  OPERATION_SHAPE_FLAGS,
  REF_FLAGS,
  REF_LETTERS,
  SHAPE_FLAGS,
  SHAPE_LETTERS,
  TIMESTAMP_LETTERS,
  TYPE_LETTERS,
} from '../../src/catalog/shapes.ts'
import { field, place, word } from './fields.ts'
import type { BotoOperation, BotoRef, BotoService, BotoShape, BotoXmlNamespace } from './model.ts'

/**
 * Replies whose root element is the member itself, which botocore mends in code
 * (`parse_get_bucket_location`); Smithy calls the trait `aws.customizations#s3UnwrappedXmlOutput`.
 */
const UNWRAPPED: ReadonlySet<string> = new Set(['s3 GetBucketLocation'])

/** Writes what `decodeShapes` reads. */
export function encodeShapes(service: BotoService): string {
  const names = reachable(service)
  const places = new Map(names.map((name, index) => [name, index]))
  const at = (name: string): string => place(places.get(name) ?? -1, `shape \`${name}\` in ${service.id}`)
  const lines = [names.map(word).join(' ')]
  for (const name of names) lines.push(encodeShape(shapeOf(service, name), at))
  lines.push('')
  for (const [name, operation] of Object.entries(service.operations)) {
    lines.push(encodeOperation(service.id, name, operation, at))
  }
  return lines.join('\n')
}

function encodeOperation(
  service: string,
  name: string,
  operation: BotoOperation,
  at: (name: string) => string,
): string {
  const checksum = operation.httpChecksumRequired || operation.httpChecksum?.requestChecksumRequired
  const flags =
    (checksum ? OPERATION_SHAPE_FLAGS.httpChecksumRequired : '') +
    (UNWRAPPED.has(`${service} ${name}`) ? OPERATION_SHAPE_FLAGS.unwrappedOutput : '')
  const fields = [
    word(name),
    operation.input === undefined ? '' : encodeRef('', operation.input, at),
    operation.output === undefined ? '' : encodeRef('', operation.output, at),
    operation.output?.resultWrapper ?? '',
    (operation.errors ?? []).map(error => at(error.shape)).join(' '),
    flags,
  ]
  return fields.map(field).join('\t')
}

function encodeShape(shape: BotoShape, at: (name: string) => string): string {
  const fields = [[typeLetter(shape), ...shapeTraits(shape)].join(' ')]
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const traits = [
      ...((shape.required ?? []).includes(name) ? [REF_LETTERS.required] : []),
      ...(shape.payload === name ? [REF_LETTERS.payload] : []),
    ]
    fields.push([encodeRef(word(name), ref, at), ...traits].join(' '))
  }
  for (const ref of [shape.member, shape.key, shape.value]) {
    if (ref !== undefined) fields.push(encodeRef('', ref, at))
  }
  return fields.map(field).join('\t')
}

function typeLetter(shape: BotoShape): string {
  const type = shape.document ? 'document' : shape.type
  if (!(type in TYPE_LETTERS)) throw new Error(`there is no letter for the shape type \`${type}\``)
  return TYPE_LETTERS[type as ShapeType]
}

function shapeTraits(shape: BotoShape): readonly string[] {
  const traits: string[] = []
  for (const [flag, letter] of Object.entries(SHAPE_FLAGS)) {
    if (shape[flag as keyof typeof SHAPE_FLAGS]) traits.push(letter)
  }
  if (shape.locationName) traits.push(SHAPE_LETTERS.locationName + word(shape.locationName))
  if (shape.xmlNamespace) traits.push(SHAPE_LETTERS.xmlNamespace + namespace(shape.xmlNamespace))
  if (shape.timestampFormat) traits.push(SHAPE_LETTERS.timestampFormat + timestamp(shape.timestampFormat))
  if (shape.error?.code) traits.push(SHAPE_LETTERS.errorCode + word(shape.error.code))
  if (shape.error?.httpStatusCode) traits.push(SHAPE_LETTERS.errorStatus + shape.error.httpStatusCode)
  if (shape.error?.senderFault) traits.push(SHAPE_LETTERS.senderFault)
  return traits
}

function encodeRef(name: string, ref: BotoRef, at: (name: string) => string): string {
  const parts = [name, at(ref.shape)]
  const locationName = !ref.locationName ? '' : ref.locationName === name ? '=' : word(ref.locationName)
  if (ref.location !== undefined) {
    if (!(ref.location in LOCATION_LETTERS)) throw new Error(`there is no location \`${ref.location}\``)
    parts.push(LOCATION_LETTERS[ref.location as Location] + locationName)
  } else if (locationName !== '') {
    parts.push(REF_LETTERS.name + locationName)
  }
  if (ref.queryName !== undefined) parts.push(REF_LETTERS.queryName + word(ref.queryName))
  if (ref.xmlNamespace !== undefined) parts.push(REF_LETTERS.xmlNamespace + namespace(ref.xmlNamespace))
  if (ref.timestampFormat !== undefined) {
    parts.push(REF_LETTERS.timestampFormat + timestamp(ref.timestampFormat))
  }
  for (const [flag, letter] of Object.entries(REF_FLAGS)) {
    if (ref[flag as keyof typeof REF_FLAGS]) parts.push(letter)
  }
  return parts.join(' ')
}

function namespace({ uri, prefix }: BotoXmlNamespace): string {
  if (uri.includes(',')) throw new Error(`the XML namespace \`${uri}\` has a comma`)
  return word(prefix === undefined ? uri : `${uri},${prefix}`)
}

function timestamp(format: string): string {
  if (!(format in TIMESTAMP_LETTERS)) throw new Error(`there is no timestamp format \`${format}\``)
  return TIMESTAMP_LETTERS[format as TimestampFormat]
}

/** Names of the shapes that an operation can reach, sorted: models keep some that nothing uses. */
function reachable(service: BotoService): readonly string[] {
  const found = new Set<string>()
  const waiting: string[] = []
  for (const operation of Object.values(service.operations)) {
    for (const ref of [operation.input, operation.output, ...(operation.errors ?? [])]) {
      if (ref !== undefined) waiting.push(ref.shape)
    }
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue
    found.add(name)
    const shape = shapeOf(service, name)
    for (const ref of [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value]) {
      if (ref !== undefined) waiting.push(ref.shape)
    }
  }
  return [...found].sort()
}

/** The shape of a name. */
export function shapeOf(service: BotoService, name: string): BotoShape {
  const shape = Object.hasOwn(service.shapes, name) ? service.shapes[name] : undefined
  if (shape === undefined) throw new Error(`${service.id} has no shape \`${name}\``)
  return shape
}
