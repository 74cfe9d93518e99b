import type { AddressInfo, Server } from 'node:net'
import type { Address } from '../config/address.ts'
import { GateError } from '../core/errors.ts'

/** Begins to listen; gives `host:port` as it came about. Throws `address-unavailable`. */
export async function listen(server: Server, { host, port }: Address): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void =>
      reject(
        new GateError('address-unavailable', `cannot listen on \`${host}:${port}\`: ${error.code}`, {
          cause: error,
        }),
      )
    server.once('error', refused)
    server.listen({ host, port }, () => {
      server.off('error', refused)
      resolve()
    })
  })
  const bound = server.address() as AddressInfo
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
}
