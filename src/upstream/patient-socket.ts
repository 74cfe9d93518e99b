import type { Socket } from 'node:net'
import { buildConnector, errors } from 'undici'

/**
 * Connects as undici does, to sockets that a paused reply can outlive.
 *
 * undici 7 takes the end of a connection at once, also while the reply on it was told to wait, and then fails an
 * assertion that nobody can catch: a server that closes while its client is slow would end the whole gate
 * (https://github.com/nodejs/undici/issues/5360). In 8 that is mended, but not that a reply whose connection was to stay
 * open is lost with what had come of it.
 */
export function patientConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options)
  return (target, done) => {
    connect(target, (...result) => {
      const [error, socket] = result
      if (error === null) endOnceRead(socket)
      done(...result)
    })
  }
}

/**
 * From here on `socket` ends only for a reader that asks for more and has got everything, and one that was reset
 * fails as any broken connection does: never as a reply that is complete because it was to last until the end.
 */
function endOnceRead(socket: Socket): void {
  const { push, read, destroy } = socket
  let isOver = false
  socket.push = (chunk, encoding) => {
    if (chunk !== null) return push.call(socket, chunk, encoding)
    isOver = true
    // Whoever waits for more asks again upon this; whoever paused asks when it goes on.
    process.nextTick(() => socket.emit('readable'))
    return false
  }
  socket.read = size => {
    const chunk: unknown = read.call(socket, size)
    // By `read(0)` nobody takes anything: Node fills its buffer by it.
    if (chunk !== null || size === 0 || !isOver) return chunk
    isOver = false
    push.call(socket, null)
    return read.call(socket, size)
  }
  socket.destroy = error => destroy.call(socket, isReset(error) ? broken(error) : error)
}

function isReset(error: Error | undefined): error is Error {
  return error !== undefined && 'code' in error && error.code === 'ECONNRESET'
}

function broken(cause: Error): Error {
  const error = new errors.SocketError('the other side reset the connection')
  error.cause = cause
  return error
}
