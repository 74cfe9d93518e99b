import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { GateError } from '../core/errors.ts'
import type { HttpReplyHead, NameValue } from '../core/http.ts'
import { clientGone } from './errors.ts'
import { endToEnd } from './hop-by-hop.ts'

/** A reply whose body is still to come. */
export interface OpenReply extends HttpReplyHead {
  readonly body: Readable
}

/** Bytes of a reply that are held while its reader is slow; then the upstream is not read any further. */
const HELD_BYTES = 64 * 1024

/**
 * Receives one reply from undici. The head resolves `reply`; the body is pushed into a stream, and the
 * socket is paused while nobody reads that. Destroying the stream, or aborting the signal, tears the call
 * down, whether the head has come or not.
 */
export class ReplyReceiver implements Dispatcher.DispatchHandler {
  readonly reply: Promise<OpenReply>
  readonly #explain: (error: unknown) => GateError
  readonly #signal: AbortSignal
  readonly #resolve: (reply: OpenReply) => void
  readonly #reject: (error: GateError) => void
  #controller: Dispatcher.DispatchController | undefined
  #body: ReplyBody | undefined
  // The caller is told at once, also while the request still waits for a connection.
  readonly #onAbort = (): void => {
    this.#reject(clientGone())
    this.#controller?.abort(clientGone())
  }

  /** `explain` is asked at the moment of the failure, before undici passes it on to the request's body. */
  constructor(explain: (error: unknown) => GateError, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<OpenReply>()
    this.reply = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#explain = explain
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(clientGone())
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // 100 and 103 come before the reply, and the gate has no use for them.
    if (status < 200) return
    const headers = endToEnd(readHeaders(controller.rawHeaders ?? []))
    this.#body = new ReplyBody(controller)
    this.#resolve({ status, headers, body: this.#body })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#body?.finish()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    const why = this.#explain(error)
    if (this.#body) this.#body.destroy(why)
    else this.#reject(why)
  }
}

/** A reply's body; read no faster than its reader does. */
class ReplyBody extends Readable {
  readonly #controller: Dispatcher.DispatchController
  #complete = false

  constructor(controller: Dispatcher.DispatchController) {
    super({ highWaterMark: HELD_BYTES })
    this.#controller = controller
  }

  finish(): void {
    this.#complete = true
    this.push(null)
  }

  override _read(): void {
    if (this.#controller.paused) this.#controller.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#complete) this.#controller.abort(error ?? clientGone())
    done(error)
  }
}

/** Names in lower case, values in latin-1, in the order in which they came. */
function readHeaders(raw: NonNullable<Dispatcher.DispatchController['rawHeaders']>): NameValue[] {
  const headers: NameValue[] = []
  const list = Array.isArray(raw) ? raw : []
  for (let i = 0; i + 1 < list.length; i += 2) {
    headers.push([text(list[i]).toLowerCase(), text(list[i + 1])])
  }
  return headers
}

function text(part: Buffer | string | undefined): string {
  return typeof part === 'string' ? part : (part?.toString('latin1') ?? '')
}
