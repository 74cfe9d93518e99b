import { GateError } from '../../core/errors.ts'
import { type JournalFiles, readFully } from '../files.ts'
import { unwrapContentKey } from './content-key.ts'
import { type KeyPlace, keyLayout, keyPlace } from './key-layout.ts'
import { decodeRecord, type KeyRecord, RECORD_BYTES } from './key-record.ts'
import type { KeyFinder } from './ports.ts'
import { type TenantKeyOptions, TenantKeys } from './tenant-keys.ts'

/**
 * Finds content keys in the key files. Every key is read anew from the disk: what was shredded since is not found. May
 * be used while gates write.
 */
export function openKeyFinder(
  options: TenantKeyOptions,
  tenants: TenantKeys = new TenantKeys(options),
): KeyFinder {
  const { files, folder } = options
  return {
    async find(id) {
      const place = keyPlace(id)
      const record = place && (await readRecord(files, folder, place))
      if (place === undefined || record === undefined) throw broken(id, 'is missing or damaged')
      if (!('wrapped' in record)) return undefined
      const tenantKey =
        typeof record.under === 'number'
          ? await tenants.find(place.lane, record.tenant, record.under)
          : undefined
      if (tenantKey === undefined) return undefined
      const key = unwrapContentKey(record, tenantKey, place)
      if (key === undefined) throw broken(id, 'does not open with the key of its tenant')
      return { id, key }
    },
  }
}

/** A record that is being shredded may be met half overwritten, once. */
const MAX_LOOKS = 3

async function readRecord(
  files: JournalFiles,
  folder: string,
  place: KeyPlace,
): Promise<KeyRecord | undefined> {
  const file = await files.open(keyLayout.file(folder, place.lane, place.file), 'read')
  if (file === undefined) return undefined
  try {
    const line = Buffer.alloc(RECORD_BYTES)
    for (let look = 1; look <= MAX_LOOKS; look++) {
      const count = await readFully(file, line, place.record * RECORD_BYTES)
      const record = count < RECORD_BYTES ? undefined : decodeRecord(line)
      if (record !== undefined) return record
    }
    return undefined
  } finally {
    await file.close()
  }
}

function broken(id: string, what: string): GateError {
  return new GateError('journal-corrupt', `the content key \`${id.slice(0, 64)}\` ${what}`)
}
