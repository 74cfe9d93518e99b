import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { writeFrontend } from '../../wire/postgres/writer.ts'

/** A cancel that comes before its query has begun is lost: it is asked for again after this, ms, and so many times. */
const AGAIN_MS = 500
const TIMES = 20

/**
 * Ends a connection whose server is at something that nobody waits for: cancelled, and gone when the server is. A server
 * that is only left would go on until it has something to say.
 *
 * @param cancel asks the server; never rejects
 */
export async function reap(socket: Socket, cancel: () => Promise<void>): Promise<void> {
  socket.on('error', () => socket.destroy())
  // What it still says is for nobody.
  socket.resume()
  socket.end(writeFrontend({ kind: 'terminate' }))
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  for (let i = 0; i < TIMES && !socket.destroyed; i++) {
    await cancel()
    if (!socket.destroyed) await Promise.race([closed, wait(AGAIN_MS, undefined, { ref: false })])
  }
  socket.destroy()
}
