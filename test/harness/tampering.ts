import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What becomes of the server's bytes behind a statement: what goes on, and whether the connection breaks then. */
export type Tamper = (reply: Buffer) => { readonly bytes: Buffer; readonly isCut: boolean }

/** Stands between the gate and a server, and changes what one connection hears of it. */
export interface Tampering {
  readonly port: number
  /** From the bytes of a client on that have this in them, the server's bytes on its connection go through `how`. */
  arm(mark: string, how: Tamper): void
  stop(): Promise<void>
}

export async function startTampering(serverPort: number): Promise<Tampering> {
  let armed: { readonly mark: string; readonly how: Tamper } | undefined
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(serverPort, '127.0.0.1')
    let how: Tamper | undefined
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', chunk => {
      if (armed !== undefined && chunk.includes(armed.mark)) {
        how = armed.how
        armed = undefined
      }
      upstream.write(chunk)
    })
    upstream.on('data', chunk => {
      const { bytes, isCut } = how === undefined ? { bytes: chunk, isCut: false } : how(chunk)
      if (isCut) client.end(bytes)
      else client.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    arm(mark, how) {
      armed = { mark, how }
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
