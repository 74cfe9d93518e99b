import type { Command } from '../../wire/mysql/messages.ts'
import type { Packet } from '../../wire/mysql/packet.ts'
import { writeCommand } from '../../wire/mysql/write-command.ts'
import type { Line } from './line.ts'

/** COM_QUERY and COM_INIT_DB: a text with all of its statements, and one answer. */
export class Queries {
  readonly #line: Line
  readonly #capabilities: number

  /** @param capabilities what was agreed on with the server */
  constructor(line: Line, capabilities: number) {
    this.#line = line
    this.#capabilities = capabilities
  }

  async query(sql: Buffer, { next }: Packet): Promise<void> {
    const read = await this.#line.readBytes(sql)
    // Attributes are for the server's own plug-ins, and nothing that the gate looks at.
    const command: Command = { kind: 'query', attributes: [], sql }
    const payload = writeCommand(command, this.#capabilities)
    await this.#line.ask({ message: 'Query', parameters: [] }, read, {
      sent: { kind: 'query', payload, next },
      isBinary: false,
      done: () => this.#line.learn(read),
    })
  }

  /** USE, by a command of its own. */
  async initDb(database: string, { payload, next }: Packet): Promise<void> {
    const sql = `USE \`${database.replaceAll('`', '``')}\``
    const read = await this.#line.readBytes(Buffer.from(sql))
    await this.#line.ask({ message: 'Query', parameters: [] }, read, {
      sent: { kind: 'init-db', payload, next },
      isBinary: false,
    })
  }
}
