import { hash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Redacted } from '../../core/redacted.ts'
import { type WebhookKey, webhookKey, webhookSignature } from '../../core/webhook-secret.ts'
import type { Post } from '../anchor/webhook-target.ts'
import type { Outbound } from './outbound.ts'
import type { Sink } from './sink.ts'

/** So that a body stays below 1 MiB, with one event of any length at its end. */
const LIMITS = { events: 500, bytes: 512 * 1024 } as const

export interface WebhookSinkPlace {
  readonly name: string
  /** May hold a secret: never told. */
  readonly url: string
  /** `whsec_…`; each signs. */
  readonly secrets: readonly Redacted[]
}

/**
 * Posts batches as lines of JSON, signed as Standard Webhooks are
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). `webhook-id` is made of
 * the body, so that the same batch told again has the same. Only 2xx means that the receiver has it; no other answer
 * ends the stream.
 */
export class WebhookSink implements Sink {
  readonly limits: Sink['limits'] = LIMITS
  readonly #name: string
  readonly #url: URL
  readonly #keys: readonly WebhookKey[]
  readonly #clock: Clock
  readonly #post: Post

  /** Throws `config-invalid` for a secret that is none. */
  constructor({ name, url, secrets }: WebhookSinkPlace, clock: Clock, post: Post) {
    this.#name = name
    this.#url = new URL(url)
    this.#keys = secrets.map(secret => webhookKey(secret.reveal()))
    this.#clock = clock
    this.#post = post
  }

  async deliver(batch: readonly Outbound[], signal: AbortSignal): Promise<void> {
    const status = await this.#send(batch.map(({ text }) => `${text}\n`).join(''), signal)
    if (status !== 413) {
      this.#expectTaken(status)
    } else if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2)
      await this.deliver(batch.slice(0, half), signal)
      await this.deliver(batch.slice(half), signal)
    } else {
      // Whoever can make a call long must not be able to end what the receiver hears.
      for (const event of batch) this.#expectTaken(await this.#send(`${event.short()}\n`, signal))
    }
  }

  #expectTaken(status: number): void {
    if (status >= 200 && status < 300) return
    throw this.#undeliverable(`answered ${status}${meaningOf(status)}`)
  }

  async close(): Promise<void> {}

  async #send(body: string, signal: AbortSignal): Promise<number> {
    const id = `events_${hash('sha256', body).slice(0, 32)}`
    // The time of this try, not of the events: receivers refuse messages that are minutes old.
    const timestampS = Math.floor(this.#clock.now() / 1000)
    const headers = {
      'content-type': 'application/x-ndjson',
      'user-agent': 'sallyport',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': webhookSignature(this.#keys, id, timestampS, body),
    }
    try {
      return await this.#post({ url: this.#url, headers, body, signal })
    } catch (cause) {
      throw this.#undeliverable(`gave no reply: \`${codeOf(cause)}\``, cause)
    }
  }

  #undeliverable(what: string, cause?: unknown): GateError {
    return new GateError('stream-undeliverable', `the webhook of the stream \`${this.#name}\` ${what}`, {
      cause,
    })
  }
}

/** What an answer says that trying again will not mend by itself. */
function meaningOf(status: number): string {
  if (status >= 300 && status < 400) return ', and redirects are not followed'
  if (status < 400 || status >= 500 || status === 408 || status === 429) return ''
  return status === 413
    ? ' to a single event without what the call held'
    : ': it refuses what is sent, and gets it again until it takes it'
}

/** `ECONNREFUSED`: never the message, which may quote what was received. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
