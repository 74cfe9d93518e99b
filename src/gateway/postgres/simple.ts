import { writeBackend, writeFrontend } from '../../wire/postgres/writer.ts'
import type { Understood } from '../sql/understood.ts'
import { writeError } from './complaint.ts'
import { Copying } from './copying.ts'
import type { Line } from './line.ts'

/** No SQL: the server's grammar fails at it. */
export const POISON = 'sallyport: denied'

/** Whether a text may ask the client for data. */
export function mayCopyIn({ statements, unclear }: Understood): boolean {
  return unclear !== undefined || statements.some(({ tag, output }) => tag === 'COPY' && output === undefined)
}

/** Query: a text, with all of its statements, and one ReadyForQuery. */
export class SimpleQueries {
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  /** Resolves when it is answered. */
  async query(sql: string): Promise<void> {
    const line = this.#line
    const { handles } = line
    // As the server does.
    handles.setStatement('', undefined)
    handles.setPortal('', undefined)
    const read = await line.read(sql)
    const { parsed, understood } = read
    const text = { message: 'Query', sql, tags: understood.tags, parameters: [] } as const
    let copying: Copying | undefined
    await line.ask(
      text,
      read,
      run => {
        if (mayCopyIn(understood)) copying = new Copying(line, run)
        const done = (): void => handles.learn(sql, parsed, understood)
        return [[{ kind: 'query', run, isLast: true, done }, writeFrontend({ kind: 'query', sql })]]
      },
      error => this.#deny(error),
    )
    line.endBatch()
    await copying?.untilEnded()
    await line.relay.idle()
  }

  /** Refuses what the gate does not let through at all. */
  async refuse(sqlstate: string, message: string): Promise<void> {
    await this.#deny(writeError({ sqlstate, message }))
    this.#line.endBatch()
  }

  /** In a transaction the server must fail it, too; elsewhere it need not hear of it. */
  async #deny(error: Buffer): Promise<void> {
    const line = this.#line
    const { state } = line.names
    if (line.isFresh && state !== 'T') {
      line.reply(Buffer.concat([error, writeBackend({ kind: 'ready', state })]))
      return
    }
    await line.send([[{ kind: 'query', poison: error }, writeFrontend({ kind: 'query', sql: POISON })]])
  }
}
