import type { CborValue } from '../../wire/cbor/value.ts'
import type { TreeFormat } from './tree.ts'

/** Bodies of Smithy RPC v2. */
export const CBOR_TREE: TreeFormat<CborValue> = {
  members: value => (isMap(value) ? value : undefined),
  list: value => (isList(value) ? value : undefined),
  text: value => (typeof value === 'string' ? value : undefined),
  blob: value => (Buffer.isBuffer(value) ? value : undefined),
  number: value => (typeof value === 'bigint' ? String(value) : undefined),
  isNull: value => value === null,
  ofMembers: entries => new Map(entries),
  ofList: items => items,
  ofText: text => text,
  ofBlob: bytes => bytes,
}

function isMap(value: CborValue): value is ReadonlyMap<string, CborValue> {
  return value instanceof Map
}

function isList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}
