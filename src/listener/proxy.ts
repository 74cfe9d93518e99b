import { lookup } from 'node:dns/promises'
import type { IncomingMessage, Server } from 'node:http'
import { BlockList, connect, isIP, type Socket } from 'node:net'
import { type SecureContext, TLSSocket, Server as TlsServer } from 'node:tls'
import { markProxied } from './facts.ts'
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts'
import { closeWith } from './server.ts'

export interface ProxyPorts {
  /** True for host names of AWS, which the gate opens. */
  isAwsHost(host: string): boolean
  /** A TLS context with a certificate for that host, from the gate's own authority. */
  secureContextFor(host: string): Promise<SecureContext>
  /** What becomes of every other host: refused, or passed through unopened. */
  readonly others: 'refuse' | 'tunnel'
  /** Told of each CONNECT that was refused, with the reason. */
  refused(host: string, reason: string): void
}

/** A tunnel in which nothing moves for so long is closed. */
const TUNNEL_IDLE_MS = 300_000

/** Addresses that a tunnel never leads to: the gate's own machine, its metadata service, its network. */
const PRIVATE = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4')
}
for (const [net, bits] of [
  ['::', 127],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv6')
}

/** True for an address that only exists on this machine or in this network. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  return family === 0 || PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Lets clients with fixed endpoints come by `HTTPS_PROXY`: a CONNECT to an AWS host is answered with
 * the gate's own certificate, and the requests inside take the same path as all others.
 */
export function acceptConnect(server: Server, ports: ProxyPorts): void {
  server.on('connect', (request: IncomingMessage, socket: Socket, early: Buffer) => {
    socket.on('error', () => socket.destroy())
    openConnect(server, ports, request.url ?? '', socket, early).catch((error: unknown) => {
      ports.refused(request.url ?? '', error instanceof Error ? error.message : String(error))
      closeWith(socket, '502 Bad Gateway', 'sallyport: the tunnel could not be opened\n')
    })
  })
}

async function openConnect(
  server: Server,
  ports: ProxyPorts,
  authority: string,
  socket: Socket,
  early: Buffer,
): Promise<void> {
  const target = parseAuthority(authority)
  if (!target) {
    ports.refused(authority, 'not a host and port')
    closeWith(socket, '400 Bad Request', 'sallyport: CONNECT needs host:port\n')
    return
  }
  if (ports.isAwsHost(target.host) && target.port === 443) {
    const secureContext = await ports.secureContextFor(target.host)
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (early.length > 0) socket.unshift(early)
    openTls(server, secureContext, target.host, socket)
    return
  }
  if (ports.others === 'refuse' || target.port !== 443) {
    ports.refused(target.host, 'not an AWS host')
    closeWith(socket, '403 Forbidden', `sallyport: this proxy opens AWS hosts only, not ${target.host}\n`)
    return
  }
  await tunnel(ports, target.host, target.port, socket, early)
}

function openTls(server: Server, secureContext: SecureContext, host: string, socket: Socket): void {
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
  const timer = setTimeout(() => tls.destroy(), HANDSHAKE_TIMEOUT_MS)
  tls.on('error', () => tls.destroy())
  tls.on('close', () => clearTimeout(timer))
  tls.once('secure', () => {
    clearTimeout(timer)
    markProxied(tls, host)
    // What takes decrypted connections has another name on a server that itself speaks TLS.
    server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', tls)
  })
}

/** Passes bytes through unopened: to public addresses only, and to the address that was checked. */
async function tunnel(
  ports: ProxyPorts,
  host: string,
  port: number,
  socket: Socket,
  early: Buffer,
): Promise<void> {
  const { address } = await lookup(host)
  if (isPrivateAddress(address)) {
    ports.refused(host, 'a private address')
    closeWith(socket, '403 Forbidden', 'sallyport: this proxy does not lead to private addresses\n')
    return
  }
  const upstream = connect({ host: address, port })
  const close = (): void => {
    upstream.destroy()
    socket.destroy()
  }
  upstream.setTimeout(TUNNEL_IDLE_MS, close)
  upstream.on('error', close)
  upstream.on('close', close)
  socket.on('close', close)
  upstream.once('connect', () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (early.length > 0) upstream.write(early)
    socket.pipe(upstream).pipe(socket)
  })
}

/** `host:port` of a CONNECT, host in lower case; undefined for anything else. */
export function parseAuthority(authority: string): { host: string; port: number } | undefined {
  const colon = authority.lastIndexOf(':')
  const host = authority.slice(0, colon).toLowerCase()
  const digits = authority.slice(colon + 1)
  if (colon <= 0 || host.length > 253 || !/^[a-z0-9.-]+$/.test(host) || !/^[0-9]{1,5}$/.test(digits)) {
    return undefined
  }
  const port = Number(digits)
  return port >= 1 && port <= 65535 ? { host, port } : undefined
}
