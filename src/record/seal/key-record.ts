/**
 * Records of keys. Each is one line of JSON, filled up with spaces to a fixed length, so that it is found by its place
 * and can be overwritten where it stands:
 *
 *     {"session":"01K…","tenant":"acme","made":1767…,"under":1,"wrapped":"BASE64"}
 *     {"session":"01K…","tenant":"acme","shredded":1767…,"by":"ann","reason":"…"}
 *
 * Both begin with whose key it is: what a crash leaves when it is overwritten says so still. There is one text for each
 * record; a reader writes what it has read again, and refuses a line that is another.
 */
import { GateError } from '../../core/errors.ts'
import { cutString } from '../cut.ts'

/** Bytes of a content key's record, and of the first record of a key file. */
export const RECORD_BYTES = 512
/** Bytes of a tenant key's file. KMS makes some 200 bytes of a key. */
export const TENANT_FILE_BYTES = 2_048

/** Whose key it is. */
export interface KeyOwner {
  readonly session?: string
  readonly tenant: string
}

/** A key, wrapped. */
export interface WrappedKey extends KeyOwner {
  readonly made: number
  /** What wrapped it: the number of the tenant's key, or the master key's name. */
  readonly under: number | string
  readonly wrapped: Buffer
}

/** What stands in a shredded key's place. */
export interface ShreddedKey extends KeyOwner {
  readonly shredded: number
  readonly by: string
  readonly reason: string
}

export type KeyRecord = WrappedKey | ShreddedKey

/** The line of a record. */
export function encodeRecord(record: KeyRecord, length: number): Buffer {
  const text = Buffer.from(textOf(record))
  const room = length - text.length - 1
  if (room < 0) throw new GateError('internal', `the record of a key takes more than ${length} bytes`)
  return Buffer.concat([text, Buffer.alloc(room, ' '), Buffer.from('\n')])
}

/** What a wrapped key is bound to: its line up to itself. */
export function boundText(record: Omit<WrappedKey, 'wrapped'>): string {
  const { made, under } = record
  return `${ownerText(record)},${JSON.stringify({ made, under }).slice(1, -1)}`
}

/** How the line of an owner's key begins, whether it was shredded or not. */
export function ownerText({ session, tenant }: KeyOwner): string {
  return JSON.stringify({ ...(session === undefined ? {} : { session }), tenant }).slice(0, -1)
}

/** The line that takes the place of a key of `owner`, its prose cut to fit: all of it is in the notice. */
export function encodeShredded(record: ShreddedKey, length: number): Buffer {
  for (let most = 256; ; most = Math.floor(most / 2)) {
    const cut = { ...record, by: cutString(record.by, most), reason: cutString(record.reason, most) }
    if (most === 0 || Buffer.byteLength(textOf(cut)) < length) return encodeRecord(cut, length)
  }
}

function textOf(record: KeyRecord): string {
  if ('wrapped' in record) return `${boundText(record)},"wrapped":"${record.wrapped.toString('base64')}"}`
  const { shredded, by, reason } = record
  return `${ownerText(record)},${JSON.stringify({ shredded, by, reason }).slice(1)}`
}

/** The record of a line; undefined if it is none. That it was not changed is known when its key is unwrapped. */
export function decodeRecord(line: Buffer): KeyRecord | undefined {
  const value = parse(line.toString('utf8'))
  if (value === undefined || typeof value['tenant'] !== 'string') return undefined
  const { session, made, under, wrapped, shredded, by, reason } = value
  if (session !== undefined && typeof session !== 'string') return undefined
  const owner: KeyOwner = { ...(session === undefined ? {} : { session }), tenant: value['tenant'] }
  if (typeof shredded === 'number' && typeof by === 'string' && typeof reason === 'string') {
    return same(line, { ...owner, shredded, by, reason })
  }
  if (typeof made !== 'number' || typeof wrapped !== 'string') return undefined
  if (typeof under !== 'number' && typeof under !== 'string') return undefined
  return same(line, { ...owner, made, under, wrapped: Buffer.from(wrapped, 'base64') })
}

function same(line: Buffer, record: KeyRecord): KeyRecord | undefined {
  const fits = Buffer.byteLength(textOf(record)) < line.length
  return fits && encodeRecord(record, line.length).equals(line) ? record : undefined
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    // A line that is no JSON is no record; the caller says where it stands.
    return undefined
  }
}
