import { GateError } from '../core/errors.ts'
import type { Received } from './received.ts'
import type { Reply } from './reply.ts'

/** What a chat sends when somebody presses a button. Nothing in it has been verified. */
export interface CallbackRequest {
  /** Those that came once; names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Exactly as sent: signatures are over these bytes. At most 128 KiB. */
  readonly body: Buffer
}

/** Answers a callback. It proves by itself who sent it: the control API asks no token of it. */
export type Callback = (request: CallbackRequest) => Promise<Reply>

/** By the path, to the letter: `/v1/notify/slack/NAME`. */
export type Callbacks = ReadonlyMap<string, Callback>

const MAX_BODY_BYTES = 131_072

/** Undefined where the path is no callback's. */
export async function answerCallback(callbacks: Callbacks, received: Received): Promise<Reply | undefined> {
  const callback = callbacks.get(received.path)
  if (callback === undefined) return undefined
  if (received.method !== 'POST') throw new GateError('api-method-refused', 'the path takes POST alone')
  if (received.query !== '') throw new GateError('api-request-invalid', 'a callback has no query')
  return callback({ headers: received.headers(), body: await received.body(MAX_BODY_BYTES) })
}
