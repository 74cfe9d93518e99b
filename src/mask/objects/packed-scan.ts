import { StreamMarkerScan } from '../marker.ts'
import { type Coding, type Decoder, newDecoder } from './encoding.ts'
import { type ObjectLimits, RATIO_GRACE_BYTES } from './limits.ts'

/**
 * Looks for a mask in what compressed bytes hold. What cannot be opened (it is damaged, or opens to more than the
 * limits) is not looked at any further: it is the client's own, and none of the gate's masks is in it.
 */
export class PackedScan {
  readonly #decoder: Decoder
  readonly #limits: ObjectLimits
  readonly #scan = new StreamMarkerScan()
  #packed = 0
  #opened = 0
  #over = false
  #settle: () => void = () => undefined

  constructor(coding: Coding, limits: ObjectLimits) {
    this.#limits = limits
    this.#decoder = newDecoder(coding)
    this.#decoder.on('data', (chunk: Buffer) => this.#look(chunk))
    for (const event of ['end', 'error', 'close']) this.#decoder.on(event, () => this.#stop())
  }

  get found(): boolean {
    return this.#scan.found
  }

  /** Resolves when what these bytes open to has been looked at. Never rejects. */
  push(chunk: Buffer): Promise<void> {
    this.#packed += chunk.length
    return this.#wait(done => void this.#decoder.write(chunk, () => done()))
  }

  /** Resolves when everything has been looked at. Never rejects. */
  end(): Promise<void> {
    return this.#wait(() => void this.#decoder.end())
  }

  destroy(): void {
    this.#stop()
  }

  #wait(start: (done: () => void) => void): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise(resolve => {
      this.#settle = resolve
      start(resolve)
    })
  }

  #look(chunk: Buffer): void {
    this.#opened += chunk.length
    const { inflatedBytes, inflationRatio } = this.#limits
    const bomb = this.#opened > RATIO_GRACE_BYTES && this.#opened > this.#packed * inflationRatio
    if (this.#scan.push(chunk) || bomb || this.#opened > inflatedBytes) this.#stop()
  }

  #stop(): void {
    this.#over = true
    this.#decoder.destroy()
    this.#settle()
  }
}
