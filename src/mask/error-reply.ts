import type { NameValue } from '../core/http.ts'
import { readJson } from '../wire/json/reader.ts'
import { isJsonMembers } from '../wire/json/value.ts'
import { maskCbor, maskJson, maskXml } from './body.ts'
import { chosenPaths } from './built-in-paths.ts'
import { NOTHING, type RepliesOf } from './operation.ts'
import { readPattern } from './pattern.ts'
import { Place, type TreatedPattern } from './place.ts'
import { type OutputShape, resolve } from './shapes.ts'
import { type MaskWalk, outputSpot, type Spot } from './walk/walk.ts'
import { XmlMasker } from './walk/xml.ts'

/*
 * Replies that are errors. Some carry data under the names of the API, so patterns of fields hold there, too: a
 * condition of DynamoDB that fails gives back the item. A message may quote a value, so detectors look through
 * all of it, and members of an error's structure that AWS marks as sensitive are masked.
 */

/** What an SDK knows an error by, and its text: no data, whatever wildcard would name them. */
const OF_THE_ERROR: ReadonlySet<string> = new Set([
  '__type',
  'code',
  'Code',
  'message',
  'Message',
  'type',
  'Type',
])

/** What an error reply is, as far as it says. */
export interface ErrorReply {
  readonly shape: OutputShape
  readonly spot: Spot
}

/**
 * @param fields of the rules
 * @param body whole, without content coding
 */
export function errorReply(
  replies: RepliesOf,
  fields: readonly TreatedPattern[],
  headers: readonly NameValue[],
  body: Buffer,
): ErrorReply {
  const shape = errorShape(replies, errorCode(headers, body)) ?? NOTHING
  const sensitive = chosenPaths(replies.shapes, shape, member => member.sensitive)
  const patterns = sensitive.map(path => ({ steps: readPattern(path), treatment: 'full' as const }))
  return { shape, spot: outputSpot(Place.root([...patterns, ...errorPatterns(replies, fields)])) }
}

/** Patterns of fields as they hold in an error. Errors in XML carry no data, and are read by no shape. */
export function errorPatterns(
  { protocol }: RepliesOf,
  fields: readonly TreatedPattern[],
): readonly TreatedPattern[] {
  if (protocol !== 'json' && protocol !== 'rest-json' && protocol !== 'smithy-rpc-v2-cbor') return []
  return fields.map(pattern => {
    // What names all of a reply names all data of an error.
    const steps = pattern.steps.every(({ kind }) => kind === 'any') ? readPattern('*') : pattern.steps
    return { ...pattern, steps, spares: OF_THE_ERROR }
  })
}

/** @throws GateError `reply-unmaskable` */
export function maskErrorBody(
  replies: RepliesOf,
  walk: MaskWalk,
  { shape, spot }: ErrorReply,
  bytes: Buffer,
): Buffer {
  if (bytes.length === 0) return bytes
  switch (replies.protocol) {
    case 'json':
    case 'rest-json':
      return maskJson(walk, shape, spot, bytes)
    case 'smithy-rpc-v2-cbor':
      return maskCbor(walk, shape, spot, bytes)
    default:
      return maskXml(bytes, root => new XmlMasker(walk).untyped(root, spot))
  }
}

/** `x-amzn-errortype: Name:http://…`, else `__type` or `code` of the body: `namespace#Name`. */
function errorCode(headers: readonly NameValue[], body: Buffer): string {
  const header = headers.find(([name]) => name === 'x-amzn-errortype')?.[1]
  const text = header ?? codeInJson(body) ?? ''
  return (text.split(':', 1)[0] ?? '').split('#').at(-1) ?? ''
}

function codeInJson(body: Buffer): string | undefined {
  if (body[0] !== 0x7b) return undefined
  try {
    const value = readJson(body)
    if (!isJsonMembers(value)) return undefined
    const code = value.__type ?? value.code
    return typeof code === 'string' ? code : undefined
  } catch {
    // It is read again to be masked, and withheld there.
    return undefined
  }
}

function errorShape({ shapes, errors }: RepliesOf, code: string): OutputShape | undefined {
  const name = errors.find(error => error === code || shapes.shapes.get(error)?.error?.code === code)
  return name === undefined ? undefined : resolve(shapes, { shape: name })
}
