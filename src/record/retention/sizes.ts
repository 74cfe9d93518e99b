import { blobLayout } from '../blobs/name.ts'
import { layout } from '../segment.ts'
import type { JournalPlace } from './hints.ts'

/** Bytes of segments with their bodies. Those of segments to which nothing is added any more are counted once. */
export class Sizes {
  readonly #place: JournalPlace
  readonly #known = new Map<string, number>()

  constructor(place: JournalPlace) {
    this.#place = place
  }

  async of(lane: number, segment: number, isSealed: boolean): Promise<number> {
    const name = `${lane}/${segment}`
    const known = isSealed ? this.#known.get(name) : undefined
    if (known !== undefined) return known
    const { files, folder } = this.#place
    let bytes = await this.#bytes(layout.segment(folder, lane, segment))
    const bodies = blobLayout.segment(folder, lane, segment)
    for (const body of await files.list(bodies)) bytes += await this.#bytes(`${bodies}/${body}`)
    if (isSealed) this.#known.set(name, bytes)
    return bytes
  }

  forget(lane: number, segment: number): void {
    this.#known.delete(`${lane}/${segment}`)
  }

  async #bytes(path: string): Promise<number> {
    const file = await this.#place.files.open(path, 'read')
    if (file === undefined) return 0
    try {
      return await file.size()
    } finally {
      await file.close()
    }
  }
}
