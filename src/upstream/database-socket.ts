/** Connections to database servers, before a word of their own protocol: time, TLS, who answers. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { GateError } from '../core/errors.ts'

/** What waits for a server, and can be told that it waits in vain. */
export interface Waiting {
  fail(error: GateError): void
}

export interface Patience {
  /** For all of it: the address, TLS, the login. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** A connection on which nothing came for so long is asked whether it is still there: by the kernel, every so often. */
const KEEP_ALIVE_MS = 60_000

/**
 * Runs what makes a connection within its time; a socket of one that failed is destroyed. `run` tells whom to wake when time
 * is up. Rejects with `database-unreachable`, and what `run` throws.
 */
export async function withinTime<T>(
  { host, port }: { readonly host: string; readonly port: number },
  { timeoutMs, signal }: Patience,
  run: (socket: Socket, onWait: (waiting: Waiting) => void) => Promise<T>,
): Promise<T> {
  const all: Waiting[] = []
  const stopped = Promise.withResolvers<never>()
  // Whoever runs may have failed by itself meanwhile, and then nobody listens.
  stopped.promise.catch(() => undefined)
  const socket = connectTcp({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const stop = (why: string): void => {
    const error = new GateError('database-unreachable', `the database server at \`${host}:${port}\` ${why}`)
    for (const waiting of all) waiting.fail(error)
    stopped.reject(error)
    socket.destroy()
  }
  const timer = setTimeout(() => stop(`did not answer within ${timeoutMs} ms`), timeoutMs)
  const onAbort = (): void => stop('is not waited for any longer')
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()
  try {
    return await Promise.race([run(socket, waiting => all.push(waiting)), stopped.promise])
  } catch (error) {
    // What is still on its way on this socket ends with nobody listening.
    socket.on('error', () => undefined)
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/**
 * Begins TLS as a client, and verifies that the certificate is of this name and of these authorities (PEM; absent: the
 * system's). Rejects with `database-tls`, `database-unreachable`.
 */
export function secure(socket: Socket, name: string, ca: string | undefined): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      servername: isIP(name) === 0 ? name : '',
      host: name,
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
    })
    const onClose = (): void =>
      reject(new GateError('database-unreachable', 'the database server closed the connection'))
    const onError = (cause: Error): void => {
      const why = 'code' in cause && typeof cause.code === 'string' ? cause.code : 'it failed'
      reject(new GateError('database-tls', `TLS with the database server failed: \`${why}\``, { cause }))
    }
    secured.once('secureConnect', () => {
      secured.off('error', onError)
      secured.off('close', onClose)
      resolve(secured)
    })
    secured.once('error', onError)
    secured.once('close', onClose)
  })
}
