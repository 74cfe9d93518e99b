import { GateError } from '../core/errors.ts'

/**
 * The reply is withheld.
 * @param why public: what it is about the reply, never a piece of it
 */
export function unmaskable(why: string, cause?: unknown): GateError {
  const message = `the reply has to be masked and was withheld: ${why}`
  return new GateError('reply-unmaskable', message, cause === undefined ? {} : { cause })
}
