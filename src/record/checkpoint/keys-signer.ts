import { type KeyObject, sign } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Clock, Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import {
  freshKey,
  type JournalKey,
  type KeyFiles,
  type KmsKey,
  parseKeyFile,
  unusable,
  writeKeyFile,
} from './key-file.ts'
import type { CheckpointSigner } from './signer.ts'

export interface KeyFileOptions {
  /** `data/keys/journal.json` */
  readonly path: string
  readonly files: KeyFiles
  readonly clock: Clock
  readonly random: Random
}

/** A key in KMS, as the configuration names it; `open` asks KMS for it. */
export interface RemoteKey {
  readonly kms: KmsKey
  open(): Promise<CheckpointSigner>
}

const signAsync = promisify(sign)

/**
 * A signer with the key of the key file, which is made if it is missing. The file is read again before each
 * checkpoint, so that a key that was rotated signs from the next one on. Throws `journal-key-unusable` where the file
 * is none, or where others than its owner may read it.
 */
export function openFileSigner(options: KeyFileOptions): CheckpointSigner {
  makeKeyFile(options, () => freshKey(options))
  return new KeyFileSigner(options)
}

/**
 * The same for a journal whose checkpoints a key in KMS signs. The file says which one that is, so that a gate starts
 * without KMS; KMS is asked when there is a checkpoint to sign. Only where the file is missing it has to answer here.
 */
export async function openRemoteSigner(
  options: KeyFileOptions,
  remote: RemoteKey,
): Promise<CheckpointSigner> {
  const opened = options.files.facts(options.path) === undefined ? await remote.open() : undefined
  if (opened !== undefined) makeKeyFile(options, () => remoteKey(opened, remote.kms, options.clock.now()))
  return new KeyFileSigner(options, remote)
}

/** A key in KMS as the key file has it. */
export function remoteKey(
  { keyId: id, publicKey }: CheckpointSigner,
  kms: KmsKey,
  createdMs: number,
): JournalKey {
  const { arn, region, endpoint, profile } = kms
  const place = { arn, region, ...(endpoint && { endpoint }), ...(profile && { profile }) }
  return { id, createdMs, publicKey, kms: place }
}

/** A signer with a private key. */
export function privateSigner(keyId: string, publicKey: KeyObject, privateKey: KeyObject): CheckpointSigner {
  // With a callback, node signs beside the event loop.
  return { keyId, publicKey, sign: bytes => signAsync(null, bytes, privateKey) }
}

class KeyFileSigner implements CheckpointSigner {
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #options: KeyFileOptions
  readonly #remote: RemoteKey | undefined
  #opened: CheckpointSigner | undefined

  constructor(options: KeyFileOptions, remote?: RemoteKey) {
    this.#options = options
    this.#remote = remote
    const { id, publicKey } = signingKey(options)
    this.keyId = id
    this.publicKey = publicKey
  }

  async sign(bytes: Buffer): Promise<Buffer> {
    const signer = await this.renew()
    if (signer.keyId !== this.keyId) throw this.#unusable(`the key \`${this.keyId}\` was retired`)
    return signer.sign(bytes)
  }

  async renew(): Promise<CheckpointSigner> {
    const { id, publicKey, privateKey } = signingKey(this.#options)
    if (privateKey === undefined) return this.#remoteSigner(id)
    if (this.#remote === undefined) return privateSigner(id, publicKey, privateKey)
    throw this.#unusable('a key of its own signs, and the configuration names one in KMS')
  }

  async #remoteSigner(id: string): Promise<CheckpointSigner> {
    if (this.#remote === undefined) {
      throw this.#unusable('a key in KMS signs, and the configuration names none')
    }
    this.#opened ??= await this.#remote.open()
    if (this.#opened.keyId !== id) {
      throw this.#unusable(`the key \`${id}\` signs, and the one that the configuration names is another`)
    }
    return this.#opened
  }

  #unusable(why: string): GateError {
    return unusable(this.#options.path, `${why}; \`sallyport sessions rotate-key\` changes over`)
  }
}

function makeKeyFile({ path, files }: KeyFileOptions, make: () => JournalKey): void {
  atPath(path, () => {
    files.makeFolder(dirname(path))
    // Of several processes that start at once, one makes the file and the others read it.
    if (files.facts(path) === undefined) files.create(path, writeKeyFile({ keys: [make()], successions: [] }))
  })
}

function signingKey({ path, files }: KeyFileOptions): JournalKey {
  return atPath(path, () => {
    const facts = files.facts(path)
    if (facts === undefined) throw unusable(path, 'it does not exist')
    if ((facts.mode & 0o077) !== 0 || (facts.folderMode & 0o077) !== 0) {
      throw unusable(path, 'others than its owner have access to it or to its folder')
    }
    const newest = parseKeyFile(path, files.read(path)).keys.at(-1)
    if (newest === undefined) throw unusable(path, 'it holds no key')
    if (newest.retiredMs !== undefined || (newest.privateKey === undefined && newest.kms === undefined)) {
      throw unusable(path, 'none of its keys can sign')
    }
    return newest
  })
}

function atPath<T>(path: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof GateError) throw error
    throw unusable(path, error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'it fails', error)
  }
}
