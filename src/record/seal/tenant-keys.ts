import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { type JournalFiles, readFully, replaceFile } from '../files.ts'
import { laneName } from '../segment.ts'
import { KEY_BYTES } from './box.ts'
import { keyLayout, MAX_TENANT_KEY, tenantFile } from './key-layout.ts'
import { boundText, decodeRecord, encodeRecord, type KeyRecord, TENANT_FILE_BYTES } from './key-record.ts'
import type { MasterKey } from './ports.ts'

export interface TenantKey {
  /** Of the tenant's keys in its lane, from 1: one more after each that was shredded. */
  readonly number: number
  readonly key: Buffer
}

export interface TenantKeyOptions {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  readonly master: MasterKey
  readonly clock: Clock
  readonly random: Random
}

/**
 * The keys of tenants, each in a file of its own in each lane, wrapped by the master key. Unwrapped ones are kept in
 * memory: the master key is asked once for each.
 */
export class TenantKeys {
  readonly #options: TenantKeyOptions
  /** By what it was unwrapped from. */
  readonly #unwrapped = new Map<string, Promise<Buffer>>()

  constructor(options: TenantKeyOptions) {
    this.#options = options
  }

  /**
   * The key that wraps now what is the tenant's; made where there is none or where it was shredded. Only whoever has
   * the lock of the lane may ask for it, and one call at a time. Rejects with `master-key-unavailable`.
   */
  async current(lane: number, tenant: string): Promise<TenantKey> {
    const { files, folder } = this.#options
    const names = await files.list(keyLayout.tenants(folder, lane))
    const numbers = names.map(tenantFile).flatMap(found => (found?.tenant === tenant ? [found.number] : []))
    const last = Math.max(0, ...numbers)
    const key = last === 0 ? undefined : await this.find(lane, tenant, last)
    return key === undefined ? this.#make(lane, tenant, last + 1) : { number: last, key }
  }

  /** The key; undefined if it was shredded. Rejects with `journal-corrupt` where there is none, and as `current`. */
  async find(lane: number, tenant: string, number: number): Promise<Buffer | undefined> {
    const { folder } = this.#options
    const record = await this.#read(keyLayout.tenant(folder, lane, tenant, number))
    const what = `key ${number} of tenant \`${tenant}\` in lane ${laneName(lane)}`
    if (record === undefined || record.tenant !== tenant) {
      throw new GateError('journal-corrupt', `${what} is missing or damaged`)
    }
    return 'wrapped' in record ? this.#unwrap(contextOf(lane, number, record), record.wrapped) : undefined
  }

  async #unwrap(context: string, wrapped: Buffer): Promise<Buffer> {
    const name = memoryName(context, wrapped)
    const known = this.#unwrapped.get(name)
    if (known !== undefined) return known
    const unwrapping = this.#options.master.unwrap(wrapped, context)
    this.#remember(name, unwrapping)
    try {
      return await unwrapping
    } catch (error) {
      this.#unwrapped.delete(name)
      throw error
    }
  }

  #remember(name: string, key: Promise<Buffer>): void {
    if (this.#unwrapped.size >= MAX_UNWRAPPED) this.#unwrapped.clear()
    this.#unwrapped.set(name, key)
  }

  async #make(lane: number, tenant: string, number: number): Promise<TenantKey> {
    const { files, folder, master, clock, random } = this.#options
    if (number > MAX_TENANT_KEY) {
      const what = `the keys of tenant \`${tenant}\` in lane ${laneName(lane)}`
      throw new GateError('journal-corrupt', `there is no number left for ${what}`)
    }
    const key = random.bytes(KEY_BYTES)
    const start = { tenant, made: clock.now(), under: master.id }
    const context = contextOf(lane, number, start)
    const wrapped = await master.wrap(key, context)
    const bytes = encodeRecord({ ...start, wrapped }, TENANT_FILE_BYTES)
    const tenants = keyLayout.tenants(folder, lane)
    await files.makeFolder(tenants)
    const path = keyLayout.tenant(folder, lane, tenant, number)
    await (await replaceFile(files, tenants, path, bytes)).close()
    this.#remember(memoryName(context, wrapped), Promise.resolve(key))
    return { number, key }
  }

  async #read(path: string): Promise<KeyRecord | undefined> {
    const file = await this.#options.files.open(path, 'read')
    if (file === undefined) return undefined
    try {
      const bytes = Buffer.alloc(TENANT_FILE_BYTES + 1)
      return decodeRecord(bytes.subarray(0, await readFully(file, bytes, 0)))
    } finally {
      await file.close()
    }
  }
}

/** Unwrapped keys of tenants in memory. */
const MAX_UNWRAPPED = 10_000

/** What a tenant's key is bound to: its place, and all that its file says. */
function contextOf(
  lane: number,
  number: number,
  record: { readonly tenant: string; readonly made: number; readonly under: number | string },
): string {
  return `sallyport tenant key 1 ${laneName(lane)}.${number} ${boundText(record)}`
}

/** What an unwrapped key is remembered by: a file that was changed is not taken for the one that was. */
function memoryName(context: string, wrapped: Buffer): string {
  return `${context} ${wrapped.toString('base64')}`
}
