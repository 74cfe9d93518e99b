import { hash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Redacted } from '../../core/redacted.ts'
import { webhookKey, webhookSignature } from '../../core/webhook-secret.ts'
import type { AnchorTarget } from './target.ts'

/** Posts a message; resolves with the status of a whole reply, rejects where there was none in time. */
export type Post = (message: {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}) => Promise<number>

export interface WebhookPlace {
  readonly name: string
  /** May hold a secret: never told. */
  readonly url: string
  /** `whsec_…`; each signs. */
  readonly secrets: readonly Redacted[]
}

/** Standard Webhooks ask for bodies below 20 KB. */
const MOST_LINES = 25

/**
 * Anchors to a webhook in the format of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). Only 2xx means that the
 * receiver keeps the lines. The id of a message is made of its lines, so that the same ones told again have the same id.
 * Throws `config-invalid` for a secret that is none.
 */
export function webhookTarget({ name, url, secrets }: WebhookPlace, clock: Clock, post: Post): AnchorTarget {
  const signers = secrets.map(secret => webhookKey(secret.reveal()))
  return {
    most: MOST_LINES,
    place: `webhook ${url}`,
    async tell(lines, signal) {
      const checkpoints = lines.map(({ text }) => text)
      const id = `checkpoints_${hash('sha256', checkpoints.join('\n')).slice(0, 32)}`
      const nowMs = clock.now()
      const timestamp = new Date(nowMs).toISOString()
      const body = JSON.stringify({ type: 'journal.checkpoints', timestamp, data: { checkpoints } })
      const timestampS = Math.floor(nowMs / 1000)
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'sallyport',
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': webhookSignature(signers, id, timestampS, body),
      }
      const status = await post({ url: new URL(url), headers, body, signal }).catch(cause => {
        throw new GateError(
          'anchor-unavailable',
          `the webhook \`${name}\` gave no reply: \`${codeOf(cause)}\``,
          { cause },
        )
      })
      if (status >= 200 && status < 300) return
      const redirect = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
      throw new GateError('anchor-unavailable', `the webhook \`${name}\` answered ${status}${redirect}`)
    },
  }
}

/** `ECONNREFUSED`: never the message, which may quote what was received. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
