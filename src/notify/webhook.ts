import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Redacted } from '../core/redacted.ts'
import { type WebhookKey, webhookKey, webhookSignature } from '../core/webhook-secret.ts'
import type { AccessRequest } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'
import { DeliveryFailure, type Notifier } from './port.ts'
import { retryAfter } from './schedule.ts'
import type { Reply, Sender } from './send.ts'
import { webhookPayload } from './webhook-payload.ts'

export interface WebhookSettings {
  readonly name: string
  /** `https://`; plain `http://` for a receiver on this machine alone. May hold a secret: never logged. */
  readonly url: string
  /** `whsec_…`, the newest first; at least one. Each signs every message. */
  readonly secrets: readonly Redacted[]
}

export interface WebhookPorts {
  readonly sender: Sender
  readonly clock: Clock
  /** Where a person can see the request, if there is such a place. */
  readonly linkTo: (requestId: string) => string | undefined
}

/**
 * Signed outgoing webhooks in the format of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). `webhook-id` is
 * the event's: a receiver that gets a message twice knows it by that.
 */
export class WebhookNotifier implements Notifier {
  readonly name: string
  readonly #url: URL
  readonly #keys: readonly WebhookKey[]
  readonly #ports: WebhookPorts

  /** Throws `config-invalid`. */
  constructor({ name, url, secrets }: WebhookSettings, ports: WebhookPorts) {
    this.name = name
    this.#url = receiverUrl(url)
    if (secrets.length === 0) throw new GateError('config-invalid', `the webhook \`${name}\` has no secret`)
    this.#keys = secrets.map(secret => webhookKey(secret.reveal()))
    this.#ports = ports
  }

  async deliver({ event }: Delivery, request: AccessRequest, signal: AbortSignal): Promise<void> {
    const { sender, clock, linkTo } = this.#ports
    const body = JSON.stringify(webhookPayload(event, request, linkTo(request.id)))
    // The time of this try, not of the event: receivers refuse messages that are minutes old.
    const timestampS = Math.floor(clock.now() / 1000)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'sallyport',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': webhookSignature(this.#keys, event.id, timestampS, body),
    }
    const reply = await sender.post({ url: this.#url, headers, body, wantsText: false }, signal)
    judge(reply, clock.now())
  }
}

/** Only 2xx is a yes; 410 asks for silence ("Delivery success and failure" of the specification). */
function judge({ status, headers }: Reply, nowMs: number): void {
  if (status >= 200 && status < 300) return
  if (status === 410) throw new DeliveryFailure('the receiver answered 410 Gone', 'gone')
  const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
  const askedMs = status === 429 || status === 503 ? retryAfter(headers['retry-after'], nowMs) : undefined
  throw new DeliveryFailure(`the receiver answered ${status}${redirect}`, 'again', askedMs)
}

/** Host names of URLs that lead to this machine: the parser has written other spellings of addresses out. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

function receiverUrl(text: string): URL {
  const url = URL.parse(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url === null || !safe || url.username !== '' || url.password !== '') {
    throw new GateError(
      'config-invalid',
      'the `url` of a webhook must be `https://` without a user name, or `http://` to this machine',
    )
  }
  return url
}
