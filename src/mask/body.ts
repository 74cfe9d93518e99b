import { GateError } from '../core/errors.ts'
import { readCbor } from '../wire/cbor/reader.ts'
import { writeCbor } from '../wire/cbor/writer.ts'
import { readJson } from '../wire/json/reader.ts'
import type { XmlElement } from '../wire/xml/element.ts'
import { readXml } from '../wire/xml/reader.ts'
import { writeXml } from '../wire/xml/writer.ts'
import type { RepliesOf } from './operation.ts'
import { bodyMembers, type OutputShape } from './shapes.ts'
import { unmaskable } from './unmaskable.ts'
import { CBOR_TREE } from './walk/cbor-tree.ts'
import { jsonTree } from './walk/json-tree.ts'
import { TreeMasker } from './walk/tree.ts'
import type { MaskWalk, Spot } from './walk/walk.ts'
import { XmlMasker } from './walk/xml.ts'

/*
 * Whole bodies in the protocols of AWS: read in full, masked by shape, written anew. A body that cannot be
 * read in full is withheld; bytes that were not read never pass.
 */

/** What a body may cost; bytes are limited before. */
const MAX_DEPTH = 128
const XML_LIMITS = { maxDepth: MAX_DEPTH, maxElements: 2_000_000, maxAttributes: 16 }
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/**
 * The body of a reply, masked. Not for payloads that are raw bytes.
 * @throws GateError `reply-unmaskable`
 */
export function maskBody(replies: RepliesOf, walk: MaskWalk, spot: Spot, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes
  const { payload } = replies
  // With a payload member, the body is its value and nothing else.
  const shape = payload ?? replies.output
  const at = payload === undefined ? spot : walk.member(spot, payload.name)
  switch (replies.protocol) {
    case 'json':
    case 'rest-json':
      return maskJson(walk, shape, at, bytes)
    case 'smithy-rpc-v2-cbor':
      return maskCbor(walk, shape, at, bytes)
    default:
      return maskXml(bytes, root => maskRoot(replies, walk, shape, at, root))
  }
}

export function maskJson(walk: MaskWalk, shape: OutputShape, spot: Spot, bytes: Buffer): Buffer {
  const value = reading('JSON', () => readJson(bytes, { maxBytes: bytes.length, maxDepth: MAX_DEPTH }))
  const format = jsonTree()
  const masked = new TreeMasker(walk, format).value(shape, value, spot)
  return Buffer.from(masked === undefined ? '' : format.write(masked), 'utf8')
}

export function maskCbor(walk: MaskWalk, shape: OutputShape, spot: Spot, bytes: Buffer): Buffer {
  const value = reading('CBOR', () => readCbor(bytes, { maxBytes: bytes.length, maxDepth: MAX_DEPTH }))
  const masked = new TreeMasker(walk, CBOR_TREE).value(shape, value, spot)
  return masked === undefined ? Buffer.alloc(0) : writeCbor(masked)
}

export function maskXml(bytes: Buffer, mask: (root: XmlElement) => XmlElement | undefined): Buffer {
  const root = reading('XML', () => readXml(bytes, { ...XML_LIMITS, maxBytes: bytes.length }))
  const masked = mask(root)
  return Buffer.from(masked === undefined ? '' : DECLARATION + writeXml(masked), 'utf8')
}

/**
 *   query     <OpResponse><OpResult>…members…</OpResult><ResponseMetadata/></OpResponse>
 *   ec2       <OpResponse><requestId/>…members…</OpResponse>
 *   rest-xml  <AnyName>…members…</AnyName>, or the one member itself
 */
function maskRoot(
  replies: RepliesOf,
  walk: MaskWalk,
  shape: OutputShape,
  spot: Spot,
  root: XmlElement,
): XmlElement | undefined {
  const masker = new XmlMasker(walk)
  if (replies.protocol === 'rest-xml') {
    if (!replies.unwrapped) return masker.value(shape, root, spot)
    return masker.structure(shape, { name: '', attributes: [], children: [root], text: '' }, spot)
      ?.children[0]
  }
  const wrapper = replies.protocol === 'query' ? replies.resultWrapper : undefined
  const own = root.children.filter(child => isOfTheReply(replies, child))
  const rest = root.children.filter(child => !own.includes(child))
  if (wrapper === undefined) {
    const masked = masker.structure(shape, { ...root, children: rest }, spot)
    return { ...root, ...masked, children: [...(masked?.children ?? []), ...own] }
  }
  const children = rest.map(child =>
    child.name === wrapper
      ? masker.structure(shape, child, spot)
      : masker.untyped(child, walk.unknown(spot, child.name)),
  )
  if (root.text.trim() !== '') throw unmaskable('its XML has text where elements belong')
  return { ...root, children: [...children.filter(child => child !== undefined), ...own] }
}

/** The request's number, which is no part of the output. */
function isOfTheReply({ protocol, shapes, output }: RepliesOf, { name }: XmlElement): boolean {
  if (protocol === 'query') return name === 'ResponseMetadata'
  return name === 'requestId' && !bodyMembers(shapes, output.shape).has(name)
}

/** Reads; what the reader refuses, no other reader is to be trusted with. */
function reading<T>(format: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof GateError && error.code !== 'internal') {
      // Not the error itself: its message quotes the body.
      throw unmaskable(`its body is no ${format} that the gate can read in full`, new Error(error.code))
    }
    throw error
  }
}
