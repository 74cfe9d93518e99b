import { createHmac } from 'node:crypto'
import { GateError } from './errors.ts'
import { Redacted } from './redacted.ts'

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme" */
const PREFIX = 'whsec_'
const LEAST_BYTES = 24
const MOST_BYTES = 64
const BASE64 = /^[A-Za-z0-9+/]{32,86}={0,2}$/

/** The key that a webhook's messages are signed with. */
export type WebhookKey = Redacted<Buffer>

/** Reads `whsec_` and base64 of 24 to 64 bytes. Throws `config-invalid`; the secret is in no message. */
export function webhookKey(secret: string): WebhookKey {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : ''
  const key = Buffer.from(text, 'base64')
  const exact = BASE64.test(text) && key.toString('base64') === text
  if (!exact || key.length < LEAST_BYTES || key.length > MOST_BYTES) {
    throw new GateError(
      'config-invalid',
      `the secret of a webhook is not \`${PREFIX}\` and base64 of ${LEAST_BYTES} to ${MOST_BYTES} bytes`,
    )
  }
  return new Redacted(key)
}

/**
 * The value of `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`, one for each key,
 * so that a receiver with the old or the new secret takes the message while secrets are changed.
 */
export function webhookSignature(
  keys: readonly WebhookKey[],
  id: string,
  timestampS: number,
  body: string,
): string {
  return keys
    .map(key => createHmac('sha256', key.reveal()).update(`${id}.${timestampS}.${body}`).digest('base64'))
    .map(signature => `v1,${signature}`)
    .join(' ')
}
