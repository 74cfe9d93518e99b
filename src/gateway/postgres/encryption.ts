import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { endPointBinding } from '../../wire/postgres/channel-binding.ts'
import { certificateOf, type EncryptionOptions, encrypted as encryptedAs } from '../sql/encryption.ts'

/** What clients of direct TLS must ask for: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL */
export const ALPN = 'postgresql'
/** The first byte of a TLS handshake; a startup packet begins with the high byte of its length, which is 0. */
const TLS_HANDSHAKE = 0x16

export { databaseContext, type EncryptionOptions } from '../sql/encryption.ts'

/** The server's side of TLS over a socket that nobody reads. What breaks the handshake comes as its `error`. */
export function encrypted(socket: Socket, options: EncryptionOptions): TLSSocket {
  return encryptedAs(socket, options, [ALPN])
}

/** Whether the client begins with TLS at once. Its bytes stay unread. Undefined where it leaves before its first byte. */
export async function beginsWithTls(socket: Socket): Promise<boolean | undefined> {
  const chunk = await firstChunk(socket)
  if (chunk === undefined) return undefined
  socket.unshift(chunk)
  return chunk[0] === TLS_HANDSHAKE
}

function firstChunk(socket: Socket): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const done = (chunk: Buffer | undefined): void => {
      socket.off('readable', onReadable)
      socket.off('close', onEnd)
      resolve(chunk)
    }
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read()
      if (chunk !== null) done(chunk)
      else if (socket.readableEnded || socket.destroyed) done(undefined)
    }
    const onEnd = (): void => done(undefined)
    socket.on('readable', onReadable)
    socket.once('end', onEnd)
    socket.once('close', onEnd)
  })
}

/** What a TLS connection says of both sides, once something was read from it. */
export interface Seen {
  /** DER of a certificate whose key the client has proven to hold; its issuer is not verified. */
  readonly certificate?: Buffer
  /** What binds a proof to this connection: of the gate's own certificate; absent where none is known. */
  readonly binding?: Buffer
  /** Whether the client has asked for PostgreSQL's protocol by name. */
  readonly isNamed: boolean
}

export function seenOf(socket: TLSSocket): Seen {
  const theirs = certificateOf(socket)
  const own = socket.getCertificate()
  const binding = own && 'raw' in own ? endPointBinding(own.raw as Buffer) : undefined
  return {
    ...(theirs === undefined ? {} : { certificate: theirs }),
    ...(binding === undefined ? {} : { binding }),
    isNamed: socket.alpnProtocol === ALPN,
  }
}
