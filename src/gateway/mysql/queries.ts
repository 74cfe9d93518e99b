import { LOAD_LOCAL, localFiles } from '../../interpret/sql/mysql/routines.ts'
import type { Packet } from '../../wire/mysql/packet.ts'
import { writeCommand } from '../../wire/mysql/write-command.ts'
import type { Line } from './line.ts'
import type { KillKind } from './ports.ts'

export interface QueryPorts {
  /** What was agreed on with the server. */
  readonly capabilities: number
  /** Kills by an id of the gate; resolves with the payload of the answer. */
  kill(id: number, what: KillKind): Promise<Buffer>
  /** Passes a file of the client to the server, which has asked for it; see `Sent.onFile`. */
  onFile(request: Packet): Promise<number>
}

/** COM_QUERY and COM_INIT_DB: a text with all of its statements, and one answer. */
export class Queries {
  readonly #line: Line
  readonly #ports: QueryPorts

  constructor(line: Line, ports: QueryPorts) {
    this.#line = line
    this.#ports = ports
  }

  async query(sql: Buffer, { next }: Packet): Promise<void> {
    const line = this.#line
    const read = await line.readBytes(sql)
    // Attributes are for the server's own plug-ins, and nothing that the gate looks at.
    const payload = writeCommand({ kind: 'query', attributes: [], sql }, this.#ports.capabilities)
    const [kill] = read.understood.statements.flatMap(({ effects }) =>
      effects.flatMap(effect => (effect.kind === 'kill' ? [effect] : [])),
    )
    const { onFile } = this.#ports
    const loading =
      read.names !== undefined && read.understood.tags.includes(LOAD_LOCAL)
        ? { onFile, files: localFiles(read.sql, read.names.dialect) }
        : {}
    await line.ask({ message: 'Query', parameters: [] }, read, {
      sent: { kind: 'query', payload, next, ...loading },
      isBinary: false,
      ...(kill === undefined ? {} : { own: () => this.#ports.kill(kill.id, kill.what) }),
      done: () => line.learn(read),
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

  /** COM_PROCESS_KILL: asked and recorded as the statement that it is. */
  kill(id: number, packet: Packet): Promise<void> {
    return this.query(Buffer.from(`KILL ${id}`), packet)
  }
}
