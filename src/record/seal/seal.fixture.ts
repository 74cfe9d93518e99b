import { GateError } from '../../core/errors.ts'
import { steadyRandom } from '../journal.fixture.ts'
import type { ContentKey, ContentKeys, ContentOwner } from './ports.ts'

/** Keys in memory: one for each session. */
export class FakeKeys implements ContentKeys {
  readonly #random = steadyRandom('keys')
  readonly #ids = new Map<string, string>()
  readonly #keys = new Map<string, Buffer | undefined>()

  async current({ sessionId = '', tenant }: ContentOwner): Promise<ContentKey> {
    const owner = `${tenant}/${sessionId}`
    const id = this.#ids.get(owner) ?? `00.0000000001.${this.#ids.size + 1}`
    this.#ids.set(owner, id)
    const key = this.#keys.get(id) ?? this.#random.bytes(32)
    this.#keys.set(id, key)
    return { id, key }
  }

  async find(id: string): Promise<ContentKey | undefined> {
    if (!this.#keys.has(id)) throw new GateError('journal-corrupt', `there is no content key \`${id}\``)
    const key = this.#keys.get(id)
    return key && { id, key }
  }

  shred(id: string): void {
    this.#keys.set(id, undefined)
  }
}
