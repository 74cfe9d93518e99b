import { GateError } from '../../core/errors.ts'
import { type JournalFile, replaceFile, writeFully } from '../files.ts'
import { KEY_BYTES, MAX_SEALED } from './box.ts'
import { fileStart, wrapContentKey } from './content-key.ts'
import { openKeyFinder } from './key-finder.ts'
import { keyFileNumbers, keyId, keyLayout, MAX_KEY_FILE } from './key-layout.ts'
import { encodeRecord, type KeyOwner, RECORD_BYTES } from './key-record.ts'
import type { ContentKey, ContentOwner, KeyFinder, LaneKeys } from './ports.ts'
import { type TenantKey, type TenantKeyOptions, TenantKeys } from './tenant-keys.ts'

export interface LaneKeyOptions extends TenantKeyOptions {
  /** The lane whose lock this process has. */
  readonly lane: number
  /** Whose keys are opened at once, so that the master key is not needed for them later. */
  readonly tenants: readonly string[]
  /** Keys in a key file, and in memory. Default 4,096. */
  readonly keysPerFile?: number
}

const DEFAULT_KEYS_PER_FILE = 4_096
/** The master key may be far away. */
const TENANTS_AT_ONCE = 8

/**
 * The content keys of the process that writes a lane. It makes its own, in key files of its own, and never takes up
 * again what a process before it has left: so a key has seen all of its nonces made here. Rejects with
 * `master-key-unavailable` where a tenant's key cannot be opened or made.
 */
export async function openLaneKeys(options: LaneKeyOptions): Promise<LaneKeys> {
  const tenants = new TenantKeys(options)
  const names = [...new Set(options.tenants)]
  for (let at = 0; at < names.length; at += TENANTS_AT_ONCE) {
    await Promise.all(names.slice(at, at + TENANTS_AT_ONCE).map(name => tenants.current(options.lane, name)))
  }
  return new FileLaneKeys(options, tenants)
}

/** A key that things are sealed with. */
interface Used extends ContentKey {
  /** The number of its key file. */
  readonly file: number
  /** So often it may be used still. */
  left: number
}

/** A key that is asked for and not on the disk yet. */
interface Wanted {
  readonly owner: KeyOwner
  readonly tenantKey: TenantKey
  resolve(key: Used): void
  reject(error: unknown): void
}

interface OpenFile {
  readonly number: number
  readonly file: JournalFile
  /** Keys in it. */
  count: number
}

class FileLaneKeys implements LaneKeys {
  readonly #options: LaneKeyOptions
  readonly #tenants: TenantKeys
  readonly #finder: KeyFinder
  readonly #keysPerFile: number
  /** By owner. They are those of the current key file: a new file begins with none. */
  readonly #keys = new Map<string, Promise<Used> | Used>()
  readonly #opening = new Map<string, Promise<TenantKey>>()
  #wanted: Wanted[] = []
  #making = false
  #file: OpenFile | undefined

  constructor(options: LaneKeyOptions, tenants: TenantKeys) {
    this.#options = options
    this.#tenants = tenants
    this.#finder = openKeyFinder(options, tenants)
    this.#keysPerFile = options.keysPerFile ?? DEFAULT_KEYS_PER_FILE
  }

  find(id: string): Promise<ContentKey | undefined> {
    return this.#finder.find(id)
  }

  known(owner: ContentOwner): ContentKey | undefined {
    const name = nameOf(owner)
    const key = this.#keys.get(name)
    if (key === undefined || key instanceof Promise) return undefined
    key.left -= 1
    if (key.left <= 0) this.#keys.delete(name)
    return key
  }

  async current(owner: ContentOwner): Promise<ContentKey> {
    const known = this.known(owner)
    if (known !== undefined) return known
    const name = nameOf(owner)
    const making = this.#keys.get(name)
    if (making !== undefined) return making
    const key = this.#make(owner)
    this.#keys.set(name, key)
    try {
      const made = await key
      if (this.#keys.get(name) === key) {
        // A new file may have begun meanwhile: then this key is not of it, and is not kept.
        if (made.file === this.#file?.number) this.#keys.set(name, made)
        else this.#keys.delete(name)
      }
      return made
    } catch (error) {
      if (this.#keys.get(name) === key) this.#keys.delete(name)
      throw error
    }
  }

  async #make({ sessionId, tenant }: ContentOwner): Promise<Used> {
    const owner = { ...(sessionId === undefined ? {} : { session: sessionId }), tenant }
    // Before it waits in the line: where the master key does not answer, others' keys are made all the same.
    const tenantKey = await this.#tenantKey(tenant)
    return new Promise((resolve, reject) => {
      this.#wanted.push({ owner, tenantKey, resolve, reject })
      if (!this.#making) void this.#write()
    })
  }

  /** A tenant's key is looked for, or made, once at a time. */
  #tenantKey(tenant: string): Promise<TenantKey> {
    let opening = this.#opening.get(tenant)
    if (opening === undefined) {
      const done = (): void => void this.#opening.delete(tenant)
      opening = this.#tenants.current(this.#options.lane, tenant)
      this.#opening.set(tenant, opening)
      opening.then(done, done)
    }
    return opening
  }

  /** Writes what is wanted, all with one sync; what comes meanwhile shares the next one. */
  async #write(): Promise<void> {
    this.#making = true
    while (this.#wanted.length > 0) {
      const batch = this.#wanted.splice(0, this.#keysPerFile)
      try {
        const keys = await this.#append(batch)
        batch.forEach(({ resolve }, at) => {
          const key = keys[at]
          if (key !== undefined) resolve(key)
        })
      } catch (error) {
        // What was written of the file is not known: nothing more is added to it.
        await this.#leaveFile()
        for (const { reject } of batch) reject(error)
      }
    }
    this.#making = false
  }

  async #append(wanted: readonly Wanted[]): Promise<readonly Used[]> {
    const { clock, random, lane } = this.#options
    const open = await this.#fileFor(wanted.length)
    const made = wanted.map(({ owner, tenantKey }, at) => {
      const place = { lane, file: open.number, record: open.count + 1 + at }
      const key = random.bytes(KEY_BYTES)
      const record = wrapContentKey(key, owner, clock.now(), { tenantKey, place, random })
      return {
        key: { id: keyId(place), key, file: place.file, left: MAX_SEALED },
        line: encodeRecord(record, RECORD_BYTES),
      }
    })
    await writeFully(open.file, Buffer.concat(made.map(({ line }) => line)), (open.count + 1) * RECORD_BYTES)
    await open.file.sync()
    open.count += wanted.length
    return made.map(({ key }) => key)
  }

  /** The key file with room for so many more, which may be a new one. */
  async #fileFor(count: number): Promise<OpenFile> {
    if (this.#file !== undefined && this.#file.count + count <= this.#keysPerFile) return this.#file
    await this.#leaveFile()
    const { files, folder, lane } = this.#options
    const lanes = keyLayout.lane(folder, lane)
    await files.makeFolder(lanes)
    const number = (keyFileNumbers(await files.list(lanes)).at(-1) ?? 0) + 1
    const path = keyLayout.file(folder, lane, number)
    // Only somebody else can have made a file of the last number: a key behind it would be found by no reader.
    if (number > MAX_KEY_FILE)
      throw new GateError('journal-corrupt', `no key file can follow the last one before \`${path}\``)
    const file = await replaceFile(files, lanes, path, fileStart({ lane, file: number }))
    this.#file = { number, file, count: 0 }
    return this.#file
  }

  /** Old keys go with their file: so a file that no event names any more is named by none that comes. */
  async #leaveFile(): Promise<void> {
    const open = this.#file
    this.#file = undefined
    for (const [name, key] of this.#keys) if (!(key instanceof Promise)) this.#keys.delete(name)
    await open?.file.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#leaveFile()
  }
}

function nameOf({ sessionId, tenant }: ContentOwner): string {
  return sessionId === undefined ? tenant : `${tenant}/${sessionId}`
}
