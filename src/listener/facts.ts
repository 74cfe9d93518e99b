/** What the transport tells about a request. Nothing here comes from the request itself. */
export interface ConnectionFacts {
  /** Address of the peer, without port; never taken from a header. */
  readonly clientAddress: string
  /** The client speaks TLS with the gate. */
  readonly secure: boolean
  /**
   * The host of the CONNECT request that this connection was opened by, lower case, without port;
   * undefined when the client called the gate by its own name.
   */
  readonly proxyHost?: string
}

const proxyHosts = new WeakMap<object, string>()

/** Remembers that a socket was opened by a CONNECT to `host`. */
export function markProxied(socket: object, host: string): void {
  proxyHosts.set(socket, host)
}

/** The facts of the connection behind a request's socket. */
export function connectionFacts(socket: {
  readonly remoteAddress?: string | undefined
  readonly encrypted?: unknown
}): ConnectionFacts {
  const proxyHost = proxyHosts.get(socket)
  return {
    clientAddress: plainAddress(socket.remoteAddress ?? ''),
    secure: socket.encrypted === true,
    ...(proxyHost === undefined ? {} : { proxyHost }),
  }
}

/** An IPv4 address that came over a dual-stack socket, as IPv4: policies say `10.0.0.0/8`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
