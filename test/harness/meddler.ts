import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What becomes of bytes of a server: they pass as they are given back; `cut` ends the connection there. */
export type Meddle = (chunk: Buffer, sentBefore: number) => Buffer | 'cut'

/** Stands between a client and its server, and is not to be trusted. */
export interface Meddler {
  readonly port: number
  /** For connections from then on. */
  meddle: Meddle
  /** Connections that are open. */
  readonly open: number
  /** Ends them all. */
  cutAll(): void
  stop(): Promise<void>
}

export async function startMeddler(to: number): Promise<Meddler> {
  const sockets = new Set<Socket>()
  let open = 0
  const meddler = {
    port: 0,
    meddle: ((chunk: Buffer) => chunk) as Meddle,
    get open() {
      return open
    },
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer(client => {
    const { meddle } = meddler
    const upstream = connect(to, '127.0.0.1')
    const both = [client, upstream]
    const end = (): void => {
      for (const socket of both) socket.destroy()
    }
    open += 1
    client.once('close', () => {
      open -= 1
    })
    for (const socket of both) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    client.pipe(upstream)
    let sent = 0
    upstream.on('data', chunk => {
      const passed = meddle(chunk, sent)
      sent += chunk.length
      if (passed === 'cut') return client.end(end)
      if (!client.write(passed)) upstream.pause()
    })
    client.on('drain', () => upstream.resume())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  meddler.port = (server.address() as AddressInfo).port
  return meddler
}
