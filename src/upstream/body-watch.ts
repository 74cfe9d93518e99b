import type { Readable } from 'node:stream'
import { GateError } from '../core/errors.ts'
import { asUpstreamError, clientGone } from './errors.ts'
import type { UpstreamBody } from './port.ts'

/**
 * Watches a request's body from the moment it is handed over, and remembers what went wrong with it first. It
 * also is what listens for its errors while nothing else does (the lease is being taken, the call is over):
 * an error that nobody listens for would end the process.
 */
export class BodyWatch {
  readonly #streams: Readable[] = []
  #failure: unknown

  constructor(body: UpstreamBody) {
    if (body.kind === 'stream') this.add(body.bytes)
  }

  /** Watches another stage of the same body. */
  add(stream: Readable): void {
    this.#streams.push(stream)
    stream.on('error', error => {
      this.#failure ??= error
    })
  }

  /** Ends the body where the call ends without it; what it came from is left to the caller. */
  discard(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  /** Throws what went wrong with the body so far. */
  check(host: string): void {
    if (this.#failure !== undefined) throw this.explain(this.#failure, host)
  }

  /** Whether the body or the upstream failed first; undici ends the other with it. */
  explain(error: unknown, host: string): GateError {
    const failure = this.#failure
    if (failure === undefined) return asUpstreamError(error, host)
    if (failure instanceof GateError) return failure
    const code = failure instanceof Error && 'code' in failure ? String(failure.code) : ''
    // undici's own errors on the body are about its length.
    return code.startsWith('UND_ERR_') ? asUpstreamError(failure, host) : clientGone(failure)
  }
}
