import { createServer, type Server, type Socket } from 'node:net'
import type { Address } from '../../config/address.ts'
import type { Config } from '../../config/model.ts'
import { GateError } from '../../core/errors.ts'
import { listen } from '../listen.ts'
import type { OpenEngine } from './engine.ts'

/** How often it is looked who is at rest by now, while the gate stops, ms. */
const LOOK_MS = 50

/** For those who are told that it is over, ms. */
const FAREWELL_MS = 1_000
/** After so long without a word the kernel asks whether a client is still there, ms. */
const KEEP_ALIVE_MS = 60_000

export interface ServerParts {
  readonly limits: Pick<Config['limits'], 'connections'>
  trouble(error: GateError): void
}

/** A socket that clients of one engine come to. */
export class DatabaseServer {
  readonly #address: Address
  readonly #engine: OpenEngine
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** The port as it came about. */
  ports: readonly number[]

  constructor(address: Address, engine: OpenEngine, { limits, trouble }: ServerParts) {
    this.#address = address
    this.#engine = engine
    this.ports = [address.port]
    // A client that is gone without a word would keep its place, and its locks at the server.
    this.#server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, socket => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      void engine.gate.serve(socket)
    })
    this.#server.maxConnections = limits.connections
    // Without this, one client that the system cannot take would end the process, and with it all the others.
    this.#server.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#server.listening)
        trouble(new GateError('overloaded', `a client cannot be taken: \`${error.code}\``))
    })
  }

  get clients(): number {
    return this.#engine.gate.sessions.count
  }

  async listen(): Promise<string> {
    const bound = await listen(this.#server, this.#address)
    this.ports = [Number(bound.slice(bound.lastIndexOf(':') + 1))]
    return bound
  }

  async close(drainMs: number): Promise<void> {
    const { gate, close } = this.#engine
    const stopping = new GateError('gate-stopping', 'the gate is stopping')
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    let looks = 0
    let looksWithout = 0
    const look = (): void => {
      looks += 1
      if (looks * LOOK_MS > drainMs) gate.sessions.endAll(stopping)
      else gate.sessions.endThoseAtRest(stopping)
      looksWithout = gate.sessions.count > 0 ? 0 : looksWithout + 1
      // What is left has heard its farewell by then, has not said yet who it is, or does not end by itself.
      if (looksWithout > 2 || looks * LOOK_MS > drainMs + FAREWELL_MS)
        for (const socket of this.#sockets) socket.destroy()
    }
    look()
    const looking = setInterval(look, LOOK_MS)
    await closed
    clearInterval(looking)
    await close()
  }
}
