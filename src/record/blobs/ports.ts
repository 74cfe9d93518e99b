import type { Random } from '../../core/clock.ts'
import type { ContentKeys, ContentOwner } from '../seal/ports.ts'
import { sealStream } from '../seal/stream.ts'

/** Makes sealed bytes of plain ones as they come. */
export type Sealing = (plain: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

/** Encrypts bodies. */
export interface BlobSeal {
  /**
   * For one body. `name` (`01K….reply`) is bound to what is sealed: no body can stand in the place of another. Rejects
   * with `master-key-unavailable`.
   */
  sealing(owner: ContentOwner, name: string): Promise<Sealing>
}

/** Encrypts bodies with the content keys of their owners. */
export function blobSeal(keys: Pick<ContentKeys, 'current'>, random: Random): BlobSeal {
  return {
    async sealing(owner, name) {
      const key = await keys.current(owner)
      return plain => sealStream(plain, key, name, random)
    },
  }
}
