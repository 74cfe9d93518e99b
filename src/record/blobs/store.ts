import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { JournalFiles } from '../files.ts'
import { type BodyKind, blobLayout, bodyName, isPartName, writeBlobName } from './name.ts'
import type { BlobSeal, BodyOwner } from './ports.ts'
import { SpaceGuard, type VolumeSpace } from './space.ts'
import { BlobWriter, unrecorded } from './writer.ts'

export interface BlobStoreOptions {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  readonly lane: number
  /** The segment that the lane writes now. */
  readonly segment: () => number
  /** `os` leaves it to the operating system when bytes reach the disk. */
  readonly durability: 'fsync' | 'os'
  /** Absent: bodies lie there as they are. */
  readonly seal?: BlobSeal | undefined
  /** How much room the volume has; absent: bodies may fill it. */
  readonly space?: () => Promise<VolumeSpace>
  /** Calls whose bodies are written at once. Default 256. */
  readonly calls?: number
}

const CALLS = 256

/**
 * The bodies of one lane. Opening it removes what a crash left half-written, so the lane must be this process's own.
 */
export class BlobStore {
  readonly #options: BlobStoreOptions
  readonly #guard: SpaceGuard | undefined
  #calls = 0
  /** By who they are of. */
  readonly #callsOf = new Map<string, number>()
  /** The folder whose own name is on disk. */
  #home: string | undefined

  private constructor(options: BlobStoreOptions) {
    this.#options = options
    this.#guard = options.space && new SpaceGuard(options.space)
  }

  /** Rejects with `body-unrecorded` where the folder cannot be made or cleared. */
  static async open(options: BlobStoreOptions): Promise<BlobStore> {
    const { files, folder, lane } = options
    const parts = blobLayout.parts(folder, lane)
    try {
      await files.makeFolder(parts)
      // What is no part is nobody's to remove here: a link may have been put in the place of the folder.
      const left = (await files.list(parts)).filter(isPartName)
      for (const name of left) await files.remove(join(parts, name))
    } catch (error) {
      throw unrecorded(error)
    }
    return new BlobStore(options)
  }

  /**
   * Takes room for the bodies of a call of this principal, who has half of all the room at most; returns what gives it
   * back, once. Throws `overloaded`.
   */
  reserve(who: string): () => void {
    const most = this.#options.calls ?? CALLS
    const mostOfOne = Math.max(1, Math.floor(most / 2))
    const own = this.#callsOf.get(who) ?? 0
    if (this.#calls >= most) {
      throw new GateError('overloaded', `the bodies of ${most} calls are being recorded already`)
    }
    // A client that dawdles keeps its room for as long: it must not take that of everybody.
    if (own >= mostOfOne) {
      throw new GateError(
        'overloaded',
        `the bodies of ${mostOfOne} calls of one principal are being recorded already`,
      )
    }
    this.#calls += 1
    this.#callsOf.set(who, own + 1)
    let isHeld = true
    return () => {
      if (isHeld) this.#giveBack(who)
      isHeld = false
    }
  }

  #giveBack(who: string): void {
    this.#calls -= 1
    const left = (this.#callsOf.get(who) ?? 0) - 1
    if (left > 0) this.#callsOf.set(who, left)
    else this.#callsOf.delete(who)
  }

  /** A new body. Rejects with `body-unrecorded`, `master-key-unavailable`. */
  async create(eventId: string, kind: BodyKind, owner: BodyOwner): Promise<BlobWriter> {
    const { files, folder, lane, seal } = this.#options
    const name = bodyName(eventId, kind)
    const part = join(blobLayout.parts(folder, lane), name)
    const sealing = await seal?.sealing(owner, name)
    try {
      const file = await files.create(part)
      return new BlobWriter({
        file,
        sealing,
        take: bytes => this.#guard?.take(bytes) ?? Promise.resolve(),
        publish: async () => {
          if (this.#options.durability === 'fsync') await file.sync()
          return this.#publish(part, eventId, kind, sealing !== undefined)
        },
        // What cannot be removed now is removed when the lane is opened.
        discard: () => files.remove(part).catch(() => undefined),
      })
    } catch (error) {
      throw unrecorded(error)
    }
  }

  async #publish(part: string, eventId: string, kind: BodyKind, sealed: boolean): Promise<string> {
    const { files, folder, lane, segment } = this.#options
    let name = { lane, segment: segment(), eventId, kind, sealed }
    const homeOf = (): string => blobLayout.segment(folder, lane, name.segment)
    await files.makeFolder(homeOf())
    // A segment that has got a successor meanwhile may be on its way into the archive, with what lies beside it.
    while (name.segment !== segment()) {
      name = { ...name, segment: segment() }
      await files.makeFolder(homeOf())
    }
    await files.rename(part, blobLayout.blob(folder, name))
    if (this.#options.durability === 'fsync') await this.#syncNames(homeOf())
    return writeBlobName(name)
  }

  /** The body's name, and once for each segment the names of the folders that it lies in. */
  async #syncNames(home: string): Promise<void> {
    const { files, folder, lane } = this.#options
    await files.syncFolder(home)
    if (this.#home === home) return
    for (const above of [blobLayout.lane(folder, lane), blobLayout.root(folder), folder]) {
      await files.syncFolder(above)
    }
    this.#home = home
  }
}
