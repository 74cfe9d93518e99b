import type { Random } from '../../core/clock.ts'
import type { SealPorts } from '../seal/sealer.ts'
import { sealStream } from '../seal/stream.ts'

/** Makes sealed bytes of plain ones as they come. */
export type Sealing = (plain: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

/** Whose body it is. */
export interface BodyOwner {
  readonly sessionId: string
  readonly roleArn: string
}

/** Encrypts bodies. */
export interface BlobSeal {
  /**
   * For one body. `name` (`01K….reply`) is bound to what is sealed: no body can stand in the place of another. Rejects
   * with `master-key-unavailable`.
   */
  sealing(owner: BodyOwner, name: string): Promise<Sealing>
}

/** Encrypts bodies with the content keys of their owners. */
export function blobSeal({ keys, tenantOf }: SealPorts, random: Random): BlobSeal {
  return {
    async sealing({ sessionId, roleArn }, name) {
      const key = await keys.current({ sessionId, tenant: tenantOf(roleArn) })
      return plain => sealStream(plain, key, name, random)
    },
  }
}
