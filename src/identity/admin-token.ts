/**
 * The local administrator's token: for the first hour of a gate, before any issuer vouches for people, and
 * for the day on which the issuer is down. It is printed once; the data folder holds its SHA-256 alone,
 * which is enough to recognise 256 random bits and of no use to whoever reads it.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { dirname } from 'node:path'
import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import type { SecretFileFacts, SecretFiles } from './secret-files.ts'

/** How each token begins, so that scanners for leaked secrets know it and nobody takes it for a JWT. */
export const ADMIN_TOKEN_PREFIX = 'sallyport_admin_'

export interface AdminTokenOptions {
  /** `data/keys/admin-token.json` */
  readonly path: string
  readonly files: SecretFiles
  readonly clock: Clock
  readonly random: Random
}

const MAX_BYTES = 1_024
const TOKEN_BYTES = 32
const TOKEN_CHARS: number = ADMIN_TOKEN_PREFIX.length + 43
const SHA256_HEX = /^[0-9a-f]{64}$/

export class AdminToken {
  readonly #options: AdminTokenOptions
  #digest: Buffer = Buffer.alloc(0)
  #version = ''
  /** The token, if this very object made it: to be printed once. */
  readonly fresh: Redacted<string> | undefined

  /** Opens the file, or makes a token. Throws `keyring-unsafe` or `admin-token-unreadable`. */
  constructor(options: AdminTokenOptions) {
    this.#options = options
    const { path, files } = options
    this.fresh = guarded(path, () => {
      files.makeFolder(dirname(path))
      const token = files.facts(path) === undefined ? this.#make() : undefined
      // Of several processes that start at once, one makes the file, and prints; the others read it.
      const made = token !== undefined && files.create(path, this.#text(token))
      this.#load()
      return made ? token : undefined
    })
  }

  /**
   * Whether it is the token, in a time that does not depend on how much of it is right. A rotation by
   * another process counts at once. Throws where the file is gone, damaged, or open to others.
   */
  matches(token: string): boolean {
    const { path, files } = this.#options
    guarded(path, () => {
      const facts = files.facts(path)
      if (facts === undefined || facts.version !== this.#version) this.#load()
      else refuseShared(path, facts)
    })
    if (token.length !== TOKEN_CHARS) return false
    return timingSafeEqual(digestOf(token), this.#digest)
  }

  /** Makes another token; the one before proves nothing from now on. */
  rotate(): Redacted<string> {
    const { path, files } = this.#options
    return guarded(path, () => {
      const token = this.#make()
      files.replace(path, this.#text(token))
      this.#load()
      return token
    })
  }

  #make(): Redacted<string> {
    const bytes = this.#options.random.bytes(TOKEN_BYTES)
    return new Redacted(`${ADMIN_TOKEN_PREFIX}${bytes.toString('base64url')}`)
  }

  #text(token: Redacted<string>): string {
    const created = new Date(this.#options.clock.now()).toISOString()
    return `${JSON.stringify({ version: 1, created, sha256: digestOf(token.reveal()).toString('hex') })}\n`
  }

  #load(): void {
    const { path, files } = this.#options
    const facts = files.facts(path)
    if (facts === undefined) throw unreadable(path, 'it does not exist')
    refuseShared(path, facts)
    this.#digest = parse(path, files.read(path))
    this.#version = facts.version
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function parse(path: string, text: string): Buffer {
  if (text.length > MAX_BYTES) throw unreadable(path, `it has more than ${MAX_BYTES} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadable(path, 'it is not JSON', error)
  }
  const digest =
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'sha256' in value
      ? value.sha256
      : undefined
  if (typeof digest !== 'string' || !SHA256_HEX.test(digest)) {
    throw unreadable(path, 'it holds no SHA-256 of a token')
  }
  return Buffer.from(digest, 'hex')
}

/** Who can write the file can be the administrator, so nobody else may come near it. */
function refuseShared(path: string, { mode, folderMode }: SecretFileFacts): void {
  for (const [what, bits] of [
    [path, mode],
    [dirname(path), folderMode],
  ] as const) {
    if ((bits & 0o077) === 0) continue
    const shown = bits.toString(8).padStart(4, '0')
    throw new GateError('keyring-unsafe', `\`${what}\` has mode ${shown}: others than its owner have access`)
  }
}

/** Trouble of the file system (`EACCES`, `EROFS`) as an error that names the file. */
function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof GateError) throw error
    const why = error instanceof Error && 'code' in error ? `\`${error.code}\`` : 'an unexpected condition'
    throw unreadable(path, why, error)
  }
}

function unreadable(path: string, why: string, cause?: unknown): GateError {
  return new GateError(
    'admin-token-unreadable',
    `the local administrator's token in \`${path}\` cannot be used: ${why}`,
    { cause },
  )
}
