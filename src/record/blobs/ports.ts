import type { Duplex } from 'node:stream'
import type { ContentOwner } from '../seal/ports.ts'

/** Encrypts bodies. `name` (`01K….reply`) is bound to what is sealed: one body cannot stand in the place of another. */
export interface BlobSeal {
  /** Takes plain bytes and gives sealed ones. Rejects with `master-key-unavailable`. */
  sealing(owner: ContentOwner, name: string): Promise<Duplex>
  /**
   * Takes sealed bytes and gives plain ones; ends in an error where they are not those that were sealed. Gives
   * undefined for what was shredded.
   */
  opening(name: string): Promise<Duplex | undefined>
}
