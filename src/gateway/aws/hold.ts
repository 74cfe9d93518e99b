import type { Incoming } from '../../listener/server.ts'
import type { Held } from '../exchange.ts'

/** A call that waits for people may keep this much of its own in memory, bytes. */
export const MAX_HELD_BODY_BYTES: number = 64 * 1024

/**
 * Keeps a client while people are asked. One whose body is still on its way is kept only if it waits for
 * `100 Continue`: otherwise it would go on sending, and what it sends would have to be kept.
 */
export async function holdClient(
  { request, response, expectsContinue }: Incoming,
  pauseMs: number,
  wait: (left: AbortSignal) => Promise<void>,
): Promise<Held> {
  if (!request.complete && !expectsContinue) return 'not-held'
  const left = new AbortController()
  const leave = (): void => left.abort()
  response.once('close', leave)
  // It has nothing to send meanwhile, and must not be taken for one that stalls.
  request.socket.setTimeout(0)
  try {
    if (response.destroyed) return 'left'
    await wait(left.signal)
    return left.signal.aborted ? 'left' : 'held'
  } finally {
    response.off('close', leave)
    if (!request.socket.destroyed) request.socket.setTimeout(pauseMs)
  }
}
