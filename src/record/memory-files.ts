import type { JournalFile, JournalFiles } from './files.ts'

/** What a test may make of a call before it happens: throw, or shorten a write by returning a count. */
export type Fault = (call: string, path: string, bytes: number) => number | undefined

interface Stored {
  /** What a reader sees. */
  bytes: Buffer
  /** What a power cut leaves. */
  durable: Buffer
  /**
   * Bytes that a failed sync left behind as "clean": no later sync writes them, as on Linux
   * (https://wiki.postgresql.org/wiki/Fsync_Errors), unless they are written again or cut off.
   */
  dropped?: { readonly from: number; readonly to: number }
}

/**
 * A disk in memory for tests: it fails when told to, and it forgets on a power cut what was not synced.
 * Names are durable at once; the journal's order of renames is tested on the real file system.
 */
export class MemoryFiles implements JournalFiles {
  readonly contents: Map<string, Stored> = new Map()
  readonly #locks = new Set<string>()
  fault: Fault = () => undefined
  /** Every call in order: `write 00/0000000001.seg`. */
  readonly calls: string[] = []

  async makeFolder(): Promise<void> {}

  async list(path: string): Promise<readonly string[]> {
    const names = new Set<string>()
    for (const name of this.contents.keys()) {
      if (name.startsWith(`${path}/`)) names.add(name.slice(path.length + 1).split('/')[0] ?? '')
    }
    return [...names]
  }

  async open(path: string): Promise<JournalFile | undefined> {
    this.#call('open', path, 0)
    const stored = this.contents.get(path)
    return stored && this.#file(path, stored)
  }

  async create(path: string): Promise<JournalFile> {
    this.#call('create', path, 0)
    const stored = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.contents.set(path, stored)
    return this.#file(path, stored)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename', to, 0)
    const stored = this.contents.get(from)
    if (stored === undefined) throw new Error(`no ${from}`)
    this.contents.delete(from)
    this.contents.set(to, stored)
  }

  async remove(path: string): Promise<void> {
    this.#call('remove', path, 0)
    this.contents.delete(path)
  }

  async removeFolder(path: string): Promise<void> {
    if ((await this.list(path)).length > 0) throw Object.assign(new Error('not empty'), { code: 'ENOTEMPTY' })
  }

  async syncFolder(path: string): Promise<void> {
    this.#call('syncFolder', path, 0)
  }

  async lock(path: string): Promise<{ release(): void } | undefined> {
    if (this.#locks.has(path)) return undefined
    this.#locks.add(path)
    return { release: () => void this.#locks.delete(path) }
  }

  /** The process is gone: nobody holds a lock. */
  crash(): void {
    this.#locks.clear()
    this.fault = () => undefined
  }

  /** The power is gone: only what was synced is there. */
  powerCut(): void {
    this.crash()
    for (const stored of this.contents.values()) stored.bytes = Buffer.from(stored.durable)
  }

  /** A disk with the same content. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles()
    for (const [path, stored] of this.contents) {
      const { bytes, durable } = stored
      copy.contents.set(path, { ...stored, bytes: Buffer.from(bytes), durable: Buffer.from(durable) })
    }
    return copy
  }

  /** The bytes of a file, to be changed by an attacker or a bad disk. */
  bytes(path: string): Buffer {
    const stored = this.contents.get(path)
    if (stored === undefined) throw new Error(`no ${path}`)
    return stored.bytes
  }

  put(path: string, bytes: Buffer): void {
    this.contents.set(path, { bytes, durable: Buffer.from(bytes) })
  }

  #call(call: string, path: string, bytes: number): number {
    this.calls.push(`${call} ${path}`)
    return this.fault(call, path, bytes) ?? bytes
  }

  #file(path: string, stored: Stored): JournalFile {
    return {
      read: async (target, position) => stored.bytes.copy(target, 0, Math.min(position, stored.bytes.length)),
      write: async (bytes, position) => {
        const count = this.#call('write', path, bytes.length)
        const grown = Buffer.alloc(Math.max(stored.bytes.length, position + count))
        stored.bytes.copy(grown)
        bytes.copy(grown, position, 0, count)
        stored.bytes = grown
        keepDropped(stored, ({ from, to }) => {
          return position <= from ? { from: Math.max(from, position + count), to } : { from, to }
        })
        return count
      },
      sync: async () => {
        try {
          this.#call('sync', path, 0)
        } catch (error) {
          const from = stored.dropped?.from ?? stored.durable.length
          stored.dropped = { from, to: stored.bytes.length }
          throw error
        }
        stored.durable = Buffer.from(stored.bytes)
        if (stored.dropped !== undefined) stored.durable.fill(0, stored.dropped.from, stored.dropped.to)
      },
      truncate: async length => {
        this.#call('truncate', path, 0)
        stored.bytes = Buffer.from(stored.bytes.subarray(0, length))
        keepDropped(stored, ({ from, to }) => ({ from, to: Math.min(to, length) }))
      },
      size: async () => stored.bytes.length,
      close: async () => undefined,
    }
  }
}

type Range = NonNullable<Stored['dropped']>

function keepDropped(stored: Stored, change: (range: Range) => Range): void {
  const range = stored.dropped && change(stored.dropped)
  delete stored.dropped
  if (range !== undefined && range.from < range.to) stored.dropped = range
}
