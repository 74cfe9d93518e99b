import { GateError } from '../../core/errors.ts'
import { readFully, replaceFile } from '../files.ts'
import { KEY_BYTES } from './box.ts'
import { keyLayout } from './key-layout.ts'
import { boundText, decodeRecord, encodeRecord, TENANT_FILE_BYTES, type WrappedKey } from './key-record.ts'
import type { TenantKeyOptions } from './tenant-keys.ts'

/** Of nobody's content in particular: an index is of all of it, and made anew without what was shredded. */
const OWNER = { tenant: 'index' }

/**
 * The key of what commands keep of opened events beside the journal, made where there is none: `keys/index.json`. Two
 * commands that make it at once may have two keys for once: an index that does not open is made anew. Rejects with
 * `master-key-unavailable`, and with `journal-corrupt` where the file is none.
 */
export async function openIndexKey(options: TenantKeyOptions): Promise<Buffer> {
  const { master } = options
  const record = (await readIndexKey(options)) ?? (await makeIndexKey(options))
  return master.unwrap(record.wrapped, contextOf(record))
}

async function readIndexKey({ files, folder }: TenantKeyOptions): Promise<WrappedKey | undefined> {
  const file = await files.open(pathOf(folder), 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(TENANT_FILE_BYTES + 1)
    const record = decodeRecord(bytes.subarray(0, await readFully(file, bytes, 0)))
    if (record !== undefined && 'wrapped' in record) return record
    throw new GateError(
      'journal-corrupt',
      `the key file \`${pathOf(folder)}\` is damaged: remove it and the index`,
    )
  } finally {
    await file.close()
  }
}

async function makeIndexKey(options: TenantKeyOptions): Promise<WrappedKey> {
  const { files, folder, master, clock, random } = options
  const start = { ...OWNER, made: clock.now(), under: master.id }
  const wrapped = await master.wrap(random.bytes(KEY_BYTES), contextOf(start))
  await files.makeFolder(keyLayout.lanes(folder))
  const bytes = encodeRecord({ ...start, wrapped }, TENANT_FILE_BYTES)
  await (await replaceFile(files, keyLayout.lanes(folder), pathOf(folder), bytes)).close()
  return (await readIndexKey(options)) ?? { ...start, wrapped }
}

function pathOf(folder: string): string {
  return `${keyLayout.lanes(folder)}/index.json`
}

function contextOf(record: Omit<WrappedKey, 'wrapped'>): string {
  return `sallyport index key 1 ${boundText(record)}`
}
