/** Stand-ins for the ports of identity, for tests alone. */

import type { Random } from '../core/clock.ts'
import type { Principal } from '../core/principal.ts'
import type { SecretFileFacts, SecretFiles } from './secret-files.ts'

/** The moment at which tests begin: 2026-11-23T10:00:00Z. */
export const START_MS: number = Date.UTC(2026, 10, 23, 10)

/** Bytes that are different at each call and the same in each run. */
export function countingRandom(seed: number): Random {
  let state = seed
  return {
    bytes: length => {
      const bytes = Buffer.alloc(length)
      for (let i = 0; i < length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        bytes[i] = state >>> 24
      }
      return bytes
    },
  }
}

/** A file system in memory, with modes that a test sets. */
export class MemoryFiles implements SecretFiles {
  readonly modes = { file: 0o600, folder: 0o700 }
  readonly #texts = new Map<string, string>()
  #writes = 0

  facts(path: string): SecretFileFacts | undefined {
    if (!this.#texts.has(path)) return undefined
    return { mode: this.modes.file, folderMode: this.modes.folder, version: String(this.#writes) }
  }

  read(path: string): string {
    const text = this.#texts.get(path)
    if (text === undefined) throw new Error(`no file ${path}`)
    return text
  }

  makeFolder(): void {
    // Folders need no making here.
  }

  create(path: string, text: string): boolean {
    if (this.#texts.has(path)) return false
    this.replace(path, text)
    return true
  }

  replace(path: string, text: string): void {
    this.#writes += 1
    this.#texts.set(path, text)
  }

  publish(path: string, text: string): void {
    this.replace(path, text)
  }

  remove(path: string): void {
    this.#texts.delete(path)
  }
}

/** A principal in the role `arn:aws:iam::111122223333:role/ci/deploy`, one hour from the start. */
export function principalOf(change: Partial<Principal> = {}): Principal {
  const sessionName = change.sessionName ?? 'run-7'
  return {
    arn: `arn:aws:sts::111122223333:assumed-role/deploy/${sessionName}`,
    roleArn: 'arn:aws:iam::111122223333:role/ci/deploy',
    account: '111122223333',
    sessionName,
    sessionId: '01KAR5QJ0000000000000000ZZ',
    issuer: 'github',
    subject: 'repo:acme/shop:ref:refs/heads/main',
    claims: { repository: 'acme/shop' },
    tags: {},
    actingFor: [],
    issuedAtMs: START_MS,
    expiresAtMs: START_MS + 3_600_000,
    ...change,
  }
}
