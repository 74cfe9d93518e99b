/**
 * The master keys of the gate's credentials. Every replica with the same key file issues and verifies
 * the same credentials; nothing else is shared between them.
 *
 * Invariants: the newest key that every replica can have seen seals; an older one still opens until no
 * credential sealed with it can be alive; a key that is not in the file opens nothing.
 */

import { dirname } from 'node:path'
import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import { type KeyRecord, MAX_KEYS, parseKeyFile, writeKeyFile } from './keyfile.ts'
import type { SecretFileFacts, SecretFiles } from './secret-files.ts'

/** A master key. */
export interface MasterKey {
  /** 8 hex digits; part of every session token. */
  readonly id: string
  readonly createdMs: number
  /** 32 random bytes. */
  readonly secret: Redacted<Buffer>
}

export interface KeyringOptions {
  /** The key file: `data/keys/credentials.json`. */
  readonly path: string
  readonly files: SecretFiles
  readonly clock: Clock
  readonly random: Random
  /** The longest session that any role allows, ms: how long a replaced key still opens. */
  readonly maxSessionMs: number
  /** How often the file is looked at for a rotation, ms. */
  readonly checkEveryMs?: number
  /** How long a new key waits before it seals, so that every replica knows it by then, ms. */
  readonly settleMs?: number
}

/** Clocks of replicas may differ by this much, ms. */
const SKEW_MS = 300_000

export class Keyring {
  readonly #options: KeyringOptions
  readonly #checkEveryMs: number
  readonly #settleMs: number
  /** Oldest first. */
  #keys: readonly MasterKey[] = []
  #byId: ReadonlyMap<string, MasterKey> = new Map()
  #version = ''
  #trouble: GateError | undefined
  #checkedAtMs = Number.NEGATIVE_INFINITY

  /**
   * Opens the key file, or makes one with a first key. Throws `keyring-unsafe` where others may read it,
   * `keyring-unreadable` where it is not a key file.
   */
  constructor(options: KeyringOptions) {
    this.#options = options
    this.#checkEveryMs = options.checkEveryMs ?? 5_000
    this.#settleMs = options.settleMs ?? 60_000
    try {
      this.#makeIfMissing()
      this.#load()
    } catch (error) {
      throw asKeyringError(options.path, error)
    }
  }

  /** The key to seal with: the newest that has settled, else the oldest there is. */
  sealing(): MasterKey {
    this.#checkIfDue()
    const settledBy = this.#options.clock.now() - this.#settleMs
    const key = this.#keys.findLast(each => each.createdMs <= settledBy) ?? this.#keys[0]
    if (key === undefined) throw unreadable(this.#options.path, 'it holds no key')
    return key
  }

  /** The key of that id; undefined where it is unknown or retired. Costs one look-up. */
  find(id: string): MasterKey | undefined {
    this.#checkIfDue()
    const key = this.#byId.get(id)
    return key !== undefined && !this.#isRetired(key) ? key : undefined
  }

  /**
   * Adds a key and drops the retired ones. Live sessions keep working, unless `revokeOlder` is set: then
   * every credential issued so far is void as soon as each replica has looked at the file.
   */
  rotate(how: { readonly revokeOlder?: boolean } = {}): MasterKey {
    const { files, path } = this.#options
    const lock = `${path}.lock`
    if (!files.create(lock, '')) {
      throw new GateError('keyring-busy', `the key file \`${path}\` is being rotated: \`${lock}\` exists`)
    }
    try {
      this.#load()
      const added = this.#newRecord()
      const kept = how.revokeOlder === true ? [] : this.#keys.filter(key => !this.#isRetired(key))
      if (kept.length >= MAX_KEYS) {
        throw new GateError(
          'keyring-busy',
          `the key file \`${path}\` has ${MAX_KEYS} keys that are still live`,
        )
      }
      files.replace(path, writeKeyFile([...kept.map(toRecord), added]))
      this.#load()
      return toKey(added)
    } finally {
      files.remove(lock)
    }
  }

  /** Age of the newest key in ms, for deciding when to rotate. */
  newestAgeMs(): number {
    return this.#options.clock.now() - (this.#keys.at(-1)?.createdMs ?? 0)
  }

  #isRetired(key: MasterKey): boolean {
    const successor = this.#keys[this.#keys.indexOf(key) + 1]
    if (successor === undefined) return false
    const openUntilMs = successor.createdMs + this.#settleMs + this.#options.maxSessionMs + SKEW_MS
    return this.#options.clock.now() > openUntilMs
  }

  #makeIfMissing(): void {
    const { files, path } = this.#options
    files.makeFolder(dirname(path))
    // Of several processes that start at once, one makes the file and the others read it.
    if (files.facts(path) === undefined) files.create(path, writeKeyFile([this.#newRecord()]))
  }

  #newRecord(): KeyRecord {
    const { clock, random } = this.#options
    return { id: random.bytes(4).toString('hex'), createdMs: clock.now(), secret: random.bytes(32) }
  }

  /** Why the keys cannot be relied on now; undefined when they can. For `/readyz`. */
  get trouble(): GateError | undefined {
    return this.#trouble
  }

  /**
   * Looks for a rotated file. Once the file is gone, shared or damaged, nothing is sealed or opened until
   * a later look finds it in order: keys that others may hold prove nothing.
   */
  #checkIfDue(): void {
    const nowMs = this.#options.clock.now()
    if (nowMs - this.#checkedAtMs >= this.#checkEveryMs) {
      this.#checkedAtMs = nowMs
      this.#trouble = this.#check()
    }
    if (this.#trouble !== undefined) throw this.#trouble
  }

  #check(): GateError | undefined {
    try {
      const facts = this.#options.files.facts(this.#options.path)
      const changed = facts?.version !== this.#version || this.#trouble !== undefined
      if (changed) this.#load()
      else refuseWide(this.#options.path, facts)
      return undefined
    } catch (error) {
      return asKeyringError(this.#options.path, error)
    }
  }

  #load(): void {
    const { files, path, clock } = this.#options
    const facts = files.facts(path)
    refuseWide(path, facts)
    const keys = parseKeyFile(path, files.read(path)).map(toKey)
    this.#keys = keys
    this.#byId = new Map(keys.map(key => [key.id, key]))
    this.#version = facts?.version ?? ''
    this.#checkedAtMs = clock.now()
  }
}

function toKey(record: KeyRecord): MasterKey {
  return { id: record.id, createdMs: record.createdMs, secret: new Redacted(record.secret) }
}

function toRecord(key: MasterKey): KeyRecord {
  return { id: key.id, createdMs: key.createdMs, secret: key.secret.reveal() }
}

function refuseWide(path: string, facts: SecretFileFacts | undefined): void {
  if (facts === undefined) throw unreadable(path, 'it does not exist')
  refuseShared(path, facts.mode)
  refuseShared(dirname(path), facts.folderMode)
}

function refuseShared(path: string, mode: number): void {
  if ((mode & 0o077) === 0) return
  const shown = mode.toString(8).padStart(4, '0')
  throw new GateError('keyring-unsafe', `\`${path}\` has mode ${shown}: others than its owner have access`)
}

/** Trouble of the file system (`EACCES`, `EROFS`) as an error that names the key file. */
function asKeyringError(path: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  const why = error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'an unexpected condition'
  return new GateError('keyring-unreadable', `the key file \`${path}\` cannot be used: ${why}`, {
    cause: error,
  })
}

function unreadable(path: string, why: string): GateError {
  return new GateError('keyring-unreadable', `the key file \`${path}\` cannot be used: ${why}`)
}
