import type { Row } from '../../interpret/sql/mysql/catalog/load.ts'
import type { MysqlConnection } from '../../upstream/mysql/port.ts'
import { writeCommand } from '../../wire/mysql/write-command.ts'
import { Source } from '../sql/source.ts'
import { Relay } from './relay.ts'

/** Everybody waits for what is asked here: a server that locks its catalog for longer is told from one that answers. */
const ANSWER_MS = 120_000

/** A connection of the gate's own, on which it asks the server what it wants to know; one question at a time. */
export class OwnConnection {
  readonly #connection: MysqlConnection
  readonly #relay: Relay

  constructor(connection: MysqlConnection) {
    this.#connection = connection
    const source = new Source(connection.socket, connection.reader)
    // Nobody stands behind it: what is asked is gathered, and nothing is passed on.
    this.#relay = new Relay(source, connection.socket, connection.capabilities, () => undefined)
  }

  get isMariadb(): boolean {
    return this.#connection.product === 'mariadb'
  }

  /** Rejects with `sql-catalog-unclear`, `database-unreachable`; a server that does not answer in time is left. */
  async ask(sql: string): Promise<readonly Row[]> {
    const { capabilities, socket } = this.#connection
    const payload = writeCommand({ kind: 'query', attributes: [], sql: Buffer.from(sql) }, capabilities)
    const timer = setTimeout(() => socket.destroy(), ANSWER_MS)
    try {
      return await this.#relay.ask(payload)
    } finally {
      clearTimeout(timer)
    }
  }

  leave(): void {
    const { socket, capabilities } = this.#connection
    if (socket.destroyed) return
    this.#relay.write(writeCommand({ kind: 'quit' }, capabilities))
    socket.destroySoon()
  }
}
