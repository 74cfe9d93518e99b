import type { Random } from '../../core/clock.ts'
import { openBox, sealBox } from './box.ts'
import { type KeyPlace, keyId } from './key-layout.ts'
import { boundText, type KeyOwner, RECORD_BYTES, type WrappedKey } from './key-record.ts'
import type { TenantKey } from './tenant-keys.ts'

/** The first record of a key file, to be told what it is by. */
export function fileStart({ lane, file }: Pick<KeyPlace, 'lane' | 'file'>): Buffer {
  const text = JSON.stringify({ sallyport: 'content keys', version: 1, lane, file })
  return Buffer.from(`${text.padEnd(RECORD_BYTES - 1)}\n`)
}

/** A content key, wrapped by its tenant's and bound to its place and its owner. */
export function wrapContentKey(
  key: Buffer,
  owner: KeyOwner,
  made: number,
  {
    tenantKey,
    place,
    random,
  }: { readonly tenantKey: TenantKey; readonly place: KeyPlace; readonly random: Random },
): WrappedKey {
  const start = { ...owner, made, under: tenantKey.number }
  return { ...start, wrapped: sealBox(tenantKey.key, key, bound(place, start), random) }
}

/** The content key of a record; undefined if it is of another place, or was changed. */
export function unwrapContentKey(record: WrappedKey, tenantKey: Buffer, place: KeyPlace): Buffer | undefined {
  return openBox(tenantKey, record.wrapped, bound(place, record))
}

function bound(place: KeyPlace, record: Omit<WrappedKey, 'wrapped'>): Buffer {
  return Buffer.from(`sallyport content key 1 ${keyId(place)} ${boundText(record)}`)
}
