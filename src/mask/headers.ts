import { crc32 } from 'node:zlib'
import type { NameValue } from '../core/http.ts'
import { readJson } from '../wire/json/reader.ts'
import { writeJson } from '../wire/json/writer.ts'
import type { RepliesOf } from './operation.ts'
import { membersOf, type OutputMember } from './shapes.ts'
import { unmaskable } from './unmaskable.ts'
import { JSON_TREE } from './walk/json-tree.ts'
import { TreeMasker } from './walk/tree.ts'
import type { MaskWalk, Spot } from './walk/walk.ts'

/*
 * The headers of a masked reply. Members of the output may travel in them (`x-amz-meta-*`); what belongs to
 * HTTP or to the call as such stays as it is; any other may be a member that the catalog does not know.
 */

/** Headers of HTTP and of the call: no member of an output. */
const OF_HTTP: ReadonlySet<string> = new Set([
  'accept-ranges',
  'age',
  'allow',
  'alt-svc',
  'cache-control',
  'connection',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'keep-alive',
  'last-modified',
  'pragma',
  'retry-after',
  'server',
  'smithy-protocol',
  'strict-transport-security',
  'transfer-encoding',
  'vary',
  'via',
  'x-amz-apigw-id',
  'x-amz-bucket-region',
  'x-amz-cf-id',
  'x-amz-cf-pop',
  'x-amz-crc32',
  'x-amz-id-2',
  'x-amz-request-id',
  'x-amzn-errortype',
  'x-amzn-query-error',
  'x-amzn-requestid',
  'x-amzn-trace-id',
  'x-cache',
  'x-content-type-options',
  'x-frame-options',
])
const OF_HTTP_PREFIX = /^(?:access-control-|x-amz-checksum-)/

/** What says something of the bytes of a body, and holds for another body no more. */
const OF_THE_BYTES =
  /^(?:content-length|content-encoding|content-md5|(?:repr-|content-)?digest|signature|signature-input|trailer|transfer-encoding|x-amz-trailer|x-amz-checksum-.+|x-amzn-remapped-content-(?:length|md5))$/

/** Of an object, when what is sent is not its bytes. Elsewhere an ETag is a version to be sent back. */
const OF_THE_OBJECT = /^(?:accept-ranges|content-range|etag|x-amz-mp-parts-count)$/

/** The headers, those with members of the output masked. */
export function maskHeaders(
  replies: RepliesOf,
  walk: MaskWalk,
  spot: Spot,
  headers: readonly NameValue[],
): readonly NameValue[] {
  const members = membersOf(replies.shapes, replies.output.shape)
  const named = new Map<string, OutputMember>()
  const prefixed: OutputMember[] = []
  for (const member of members) {
    if (member.ref.location === 'header') named.set(member.wireName.toLowerCase(), member)
    if (member.ref.location === 'headers') prefixed.push(member)
  }
  return headers.flatMap(([name, value]): readonly NameValue[] => {
    const member = named.get(name)
    if (member !== undefined)
      return entry(name, maskHeader(walk, member, value, walk.member(spot, member.name)))
    const map = prefixed.find(({ wireName }) => wireName !== '' && name.startsWith(wireName.toLowerCase()))
    if (map !== undefined) {
      const key = name.slice(map.wireName.length)
      return entry(name, walk.text(value, walk.header(walk.member(spot, map.name), key)))
    }
    if (OF_HTTP.has(name) || OF_HTTP_PREFIX.test(name)) return [[name, value]]
    const unknown = walk.unknown(spot, name)
    if (!walk.keeps(unknown)) return []
    return entry(name, walk.text(value, unknown))
  })
}

function entry(name: string, value: string | undefined): readonly NameValue[] {
  return value === undefined ? [] : [[name, headerText(value)]]
}

/** Masked text is ASCII around what was a header before; but JSON in a header may have held anything. */
function headerText(value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}

function maskHeader(walk: MaskWalk, member: OutputMember, value: string, spot: Spot): string | undefined {
  const { type } = member.shape
  if (member.ref.jsonvalue === true) return maskJsonHeader(walk, member, value, spot)
  if (type === 'string' || type === 'character' || type === 'list') return walk.text(value, spot)
  return walk.keeps(spot) ? value : undefined
}

/** Any JSON in base64 (https://smithy.io/2.0/spec/protocol-traits.html#mediatype-trait). */
function maskJsonHeader(walk: MaskWalk, member: OutputMember, value: string, spot: Spot): string | undefined {
  const bytes = Buffer.from(value, 'base64')
  try {
    const masked = new TreeMasker(walk, JSON_TREE).untyped(readJson(bytes), spot)
    return masked === undefined ? undefined : Buffer.from(writeJson(masked), 'utf8').toString('base64')
  } catch {
    throw unmaskable(`its header of \`${member.name}\` is no JSON`)
  }
}

/** The headers for another body than the one that came: its length, and no word on the bytes of the other. */
export function refitHeaders(headers: readonly NameValue[], body: Buffer): readonly NameValue[] {
  const rest = headers.flatMap(([name, value]): readonly NameValue[] => {
    if (OF_THE_BYTES.test(name)) return []
    // DynamoDB's, which its SDKs check.
    return [[name, name === 'x-amz-crc32' ? String(crc32(body)) : value]]
  })
  return [...rest, ['content-length', String(body.length)]]
}

/** The headers where a mask stands for a whole object. */
export function withoutObject(headers: readonly NameValue[]): readonly NameValue[] {
  return headers.filter(([name]) => !OF_THE_OBJECT.test(name))
}
