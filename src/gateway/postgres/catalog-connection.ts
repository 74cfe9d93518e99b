import { GateError } from '../../core/errors.ts'
import type { Row } from '../../interpret/sql/postgres/catalog/load.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { BackendReader } from '../../wire/postgres/reader.ts'
import { writeFrontend } from '../../wire/postgres/writer.ts'
import { Source } from '../sql/source.ts'
import { OwnAnswer } from './own-queries.ts'

/** A connection of the gate's own, for its questions alone: no client has ever said anything on it. */
export class CatalogConnection {
  readonly #source: Source<BackendReader>
  readonly #connection: PostgresConnection

  constructor(connection: PostgresConnection) {
    this.#connection = connection
    this.#source = new Source(connection.socket, connection.reader)
    // Whoever is asked something waits for it; nothing else need keep the process.
    connection.socket.unref()
  }

  get isOver(): boolean {
    return this.#source.ended
  }

  /** One question at a time. Rejects with `sql-catalog-unclear`, `database-unreachable`. */
  async ask(sql: string): Promise<readonly Row[]> {
    const { socket } = this.#connection
    const answer = new OwnAnswer()
    if (socket.writable) socket.write(writeFrontend({ kind: 'query', sql }))
    for (;;) {
      const frame = await this.#source.next(reader => reader.next())
      if (frame === undefined) throw new GateError('database-unreachable', 'the database server has gone')
      const message = this.#source.reader.read(frame)
      if (message.kind === 'ready') return answer.rows()
      answer.take(message)
    }
  }

  /** Ends whatever it is at, too. */
  close(): void {
    const { socket } = this.#connection
    if (!socket.destroyed) socket.end(writeFrontend({ kind: 'terminate' }), () => socket.destroy())
  }
}
