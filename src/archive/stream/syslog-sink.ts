import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { getCACertificates, connect as tlsConnect } from 'node:tls'
import { GateError } from '../../core/errors.ts'
import type { Outbound } from './outbound.ts'
import type { Sink } from './sink.ts'
import { type SyslogSource, syslogFrame } from './syslog-message.ts'

/** For one connection: enough that opening it does not count. */
const LIMITS = { events: 2_000, bytes: 1_000_000 } as const
/** Without any progress for so long, a connection has failed; and whatever the progress, after so long. */
const IDLE_MS = 10_000
const WHOLE_MS = 60_000
/** How long a receiver that takes nothing has to say so, beside the way there and back. */
const REFUSAL_MS = 20

export interface SyslogPlace extends SyslogSource {
  readonly name: string
  /** Of the receiver. */
  readonly address: string
  readonly port: number
  /** TLS with the authorities of a PEM file, or those of the system; absent: none. */
  readonly tls?: { readonly ca?: string }
}

/**
 * Sends batches to a receiver of syslog over TCP or TLS. Syslog has no answer that says what arrived. So each batch
 * has a connection of its own: it is sent, the sending side is closed, and only when the receiver, having read up to
 * that end, closes its side as well, without any error, the batch counts as delivered. A receiver that closes before it
 * has to (a balancer with nobody behind it) took nothing.
 */
export class SyslogSink implements Sink {
  readonly limits: Sink['limits'] = LIMITS
  readonly #place: SyslogPlace

  readonly #pause: (delayMs: number) => Promise<void>

  /** `pause` is given for tests. */
  constructor(
    place: SyslogPlace,
    pause: (delayMs: number) => Promise<void> = delayMs => setTimeout(delayMs),
  ) {
    this.#place = place
    this.#pause = pause
  }

  async deliver(batch: readonly Outbound[], signal: AbortSignal): Promise<void> {
    const bytes = Buffer.concat(batch.map(event => syslogFrame(event, this.#place)))
    try {
      await this.#send(bytes, AbortSignal.any([signal, AbortSignal.timeout(WHOLE_MS)]))
    } catch (cause) {
      const { name } = this.#place
      throw new GateError(
        'stream-undeliverable',
        `the syslog receiver of the stream \`${name}\` ${whyOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  async close(): Promise<void> {}

  async #send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const startedMs = performance.now()
    const socket = this.#connect()
    // Errors come out of whatever is waited for; one that comes between two waits must not end the process.
    let trouble: Error | undefined
    socket.on('error', error => {
      trouble ??= error
    })
    const abort = (): void => void socket.destroy(new Unanswered('gave no sign that it has the events'))
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(IDLE_MS, abort)
    try {
      await once(socket, this.#place.tls === undefined ? 'connect' : 'secureConnect')
      // What a receiver answers is of no interest, but its end is.
      let isEnded = false
      const end = once(socket.resume(), 'end').then(() => {
        isEnded = true
      })
      end.catch(error => {
        trouble ??= error
      })
      await new Promise<void>((resolve, reject) => {
        socket.write(bytes, error => (error ? reject(error) : resolve()))
      })
      await this.#pause(REFUSAL_MS + 2 * (performance.now() - startedMs))
      if (isEnded || trouble !== undefined) throw trouble ?? new Unanswered('closed before it had the events')
      socket.end()
      await end
      if (trouble !== undefined) throw trouble
    } finally {
      signal.removeEventListener('abort', abort)
      socket.destroy()
    }
  }

  #connect(): Socket {
    const { address: host, port, tls } = this.#place
    if (tls === undefined) return connect({ host, port, allowHalfOpen: true, noDelay: true })
    const ca = tls.ca ?? [...getCACertificates('default'), ...getCACertificates('system')]
    // The name of the certificate is checked against `host`; an address has no place in SNI.
    const name = isIP(host) === 0 ? { servername: host } : {}
    // `allowHalfOpen` is in node's documentation and not in its types.
    const options = { host, port, ca, ...name, minVersion: 'TLSv1.2' as const, allowHalfOpen: true }
    return tlsConnect(options)
  }
}

/** The receiver did not do what says that it has the events. */
class Unanswered extends Error {}

/** Never the message of an error of the system's, which may quote what was received. */
function whyOf(error: unknown): string {
  if (error instanceof Unanswered) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code).slice(0, 64) : 'unknown'
  return `is not to be had: \`${code}\``
}
