import type { HttpHead, NameValue } from '../../../core/http.ts'
import type { Json } from '../../../core/json.ts'
import { readJson } from '../../../wire/json/reader.ts'
import { setMember } from '../../../wire/json/value.ts'
import { writeJson } from '../../../wire/json/writer.ts'
import type { Parameters } from '../call.ts'
import { headerValue } from './headers.ts'
import { readDocument, sortedDocument } from './json-body.ts'
import type { OperationContext } from './operation.ts'
import { readBase64, readScalar, writeScalar } from './scalar.ts'
import { elementOf, membersOf, type ResolvedMember, type ResolvedShape } from './shapes.ts'
import {
  asEntries,
  asList,
  asString,
  type Draft,
  duplicateParameter,
  malformedParameter,
  memberPath,
  ownMember,
} from './walk.ts'

/** Headers that the canonical request makes anew, so that a client's own are taken note of and dropped. */
const REMADE: readonly string[] = [
  'content-type',
  'content-encoding',
  'content-md5',
  'x-amz-sdk-checksum-algorithm',
]

/** Reads the members that travel in headers; gives the names of the headers that have been used. */
export function readHeaders(
  op: OperationContext,
  input: ResolvedShape,
  head: HttpHead,
  draft: Draft,
): ReadonlySet<string> {
  const used = new Set(REMADE)
  for (const member of membersOf(op.shapes, input.shape)) {
    const { location } = member.ref
    if (location === 'header') readHeader(op, member, head, draft, used)
    if (location === 'headers') readPrefixed(member, head, draft, used)
  }
  return used
}

function readHeader(
  op: OperationContext,
  member: ResolvedMember,
  head: HttpHead,
  draft: Draft,
  used: Set<string>,
): void {
  const name = (member.wireName ?? member.name).toLowerCase()
  used.add(name)
  if (member.shape.type === 'list') {
    const values = head.headers.filter(([other]) => other === name).map(([, value]) => value)
    if (values.length > 0) draft[member.name] = readList(op, member, values.join(','))
    return
  }
  const value = headerValue(head, name)
  // `aws-chunked` is the framing that the gate has taken off; what is left is the object's own encoding.
  const text = name === 'content-encoding' ? withoutChunked(value) : value
  if (text === undefined || (text === '' && member.shape.type !== 'string')) return
  draft[member.name] =
    member.ref.jsonvalue === true ? readJsonHeader(text, member.name) : readScalar(member, text, member.name)
}

/** A `jsonvalue` header: any JSON in base64 (https://smithy.io/2.0/spec/protocol-traits.html#mediatype-trait). */
function readJsonHeader(text: string, path: string): Json {
  return readDocument(readJson(Buffer.from(readBase64(text, path), 'base64')), path)
}

function withoutChunked(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const left = value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== 'aws-chunked' && part !== '')
  return left.length === 0 ? undefined : left.join(',')
}

/** A list in a header: separated by commas; an element that holds one stands in quotation marks. */
function readList(op: OperationContext, member: ResolvedMember, text: string): Json {
  const element = elementOf(op.shapes, member.shape.member)
  if (text.includes('"')) throw malformedParameter(member.name, 'a list without quotation marks')
  const parts = text.split(',').map(part => part.trim())
  // The dates of HTTP hold a comma of their own.
  const whole = element.shape.type === 'timestamp' ? pairsOf(parts) : parts
  return whole.map(part => readScalar(element, part, member.name))
}

function pairsOf(parts: readonly string[]): string[] {
  const pairs: string[] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push(`${parts[i]}, ${parts[i + 1] ?? ''}`)
  return pairs
}

/** A map whose keys follow a prefix: `x-amz-meta-*`. */
function readPrefixed(member: ResolvedMember, head: HttpHead, draft: Draft, used: Set<string>): void {
  const prefix = (member.wireName ?? '').toLowerCase()
  if (prefix === '') return
  const entries: Draft = {}
  for (const [name, value] of head.headers) {
    if (!name.startsWith(prefix) || name === prefix) continue
    const key = name.slice(prefix.length)
    if (Object.hasOwn(entries, key)) throw duplicateParameter(memberPath(member.name, key))
    setMember<Json>(entries, key, value)
    used.add(name)
  }
  if (Object.keys(entries).length > 0) draft[member.name] = entries
}

/** The members that travel in headers, names in lower case. */
export function writeHeaders(
  op: OperationContext,
  input: ResolvedShape,
  parameters: Parameters,
): NameValue[] {
  const headers: NameValue[] = []
  for (const member of membersOf(op.shapes, input.shape)) {
    const value = ownMember(parameters, member.name)
    if (value === undefined) continue
    const name = (member.wireName ?? member.name).toLowerCase()
    if (member.ref.location === 'headers') {
      for (const [key, item] of asEntries(value, member.name)) {
        headers.push([`${name}${headerName(key, member.name)}`, headerText(asString(item, key), key)])
      }
    } else if (member.ref.location === 'header') {
      headers.push([name, headerText(writeHeader(op, member, value), member.name)])
    }
  }
  return headers
}

function writeHeader(op: OperationContext, member: ResolvedMember, value: Json): string {
  if (member.ref.jsonvalue === true) {
    return Buffer.from(writeJson(sortedDocument(value)), 'utf8').toString('base64')
  }
  if (member.shape.type !== 'list') return writeScalar(member, value, 'rfc822', member.name)
  const element = elementOf(op.shapes, member.shape.member)
  return asList(value, member.name)
    .map(item => {
      const text = writeScalar(element, item, 'rfc822', member.name)
      if (element.shape.type !== 'timestamp' && /[",]/.test(text)) {
        throw malformedParameter(member.name, 'a list of values without commas and quotation marks')
      }
      return text
    })
    .join(',')
}

/** A key of a prefixed map must be a token, or it could be read as another header. */
function headerName(key: string, path: string): string {
  if (/^[a-z0-9!#$%&'*+.^_`|~-]{1,1024}$/i.test(key)) return key.toLowerCase()
  throw malformedParameter(memberPath(path, key), 'the name of a header')
}

/** No control characters: a line end would begin a header that nobody decided on. */
function headerText(text: string, path: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text.trim()
  throw malformedParameter(path, 'text that a header can carry')
}
