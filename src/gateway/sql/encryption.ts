import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'

/** Key and certificate for clients, PEM. Sessions are never resumed: each client proves its own certificate anew. */
export function databaseContext(key: string, certificate: string): SecureContext {
  return createSecureContext({
    key,
    cert: certificate,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
}

export interface EncryptionOptions {
  readonly secureContext: SecureContext
  /** Asks clients for a certificate. Who issued it is not looked at here; who has none may come with a password. */
  readonly requestCertificate?: boolean
}

/**
 * The server's side of TLS over a socket that nobody reads. What breaks the handshake comes as its `error`.
 *
 * @param protocols names that a client may ask for by ALPN
 */
export function encrypted(
  socket: Socket,
  { secureContext, requestCertificate }: EncryptionOptions,
  protocols: string[] = [],
): TLSSocket {
  return new TLSSocket(socket, {
    isServer: true,
    secureContext,
    requestCert: requestCertificate === true,
    rejectUnauthorized: false,
    ...(protocols.length === 0 ? {} : { ALPNProtocols: protocols }),
  })
}

/** DER of a certificate whose key the client has proven to hold, once something was read from it; its issuer is not verified. */
export function certificateOf(socket: TLSSocket): Buffer | undefined {
  // One that has broken meanwhile tells nothing of its other side.
  if (socket.destroyed) return undefined
  return socket.getPeerCertificate().raw as Buffer | undefined
}
