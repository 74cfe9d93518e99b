import { GateError } from '../../core/errors.ts'
import type { Row } from '../../interpret/sql/mysql/catalog/load.ts'
import { readTextRow } from '../../wire/mysql/read-reply.ts'
import type { Reply } from '../../wire/mysql/replies.ts'

/** Asks the server, on a connection where nothing else is on its way. Rejects with `sql-catalog-unclear`, `database-unreachable`. */
export type OwnQuery = (sql: string) => Promise<readonly Row[]>

/** Rows of an answer to the gate; more are not for its memory. */
const MAX_ROWS = 2_000_000

/** Gathers the answer to a question of the gate. */
export class OwnAnswer {
  readonly #rows: Row[] = []
  readonly #names: string[] = []
  #error: string | undefined

  take(reply: Reply, payload: Buffer): void {
    if (reply.kind === 'error') this.#error ??= reply.sqlstate ?? String(reply.code)
    if (reply.kind === 'column') this.#names.push(reply.column.name.toLowerCase())
    if (reply.kind !== 'row') return
    if (this.#rows.length >= MAX_ROWS) {
      throw new GateError('sql-catalog-unclear', `an answer of the server has more than ${MAX_ROWS} rows`)
    }
    const values = readTextRow(payload, this.#names.length)
    this.#rows.push(
      Object.fromEntries(this.#names.map((name, i) => [name, values[i]?.toString('utf8') ?? null])),
    )
  }

  /** Throws `sql-catalog-unclear`. */
  rows(): readonly Row[] {
    if (this.#error === undefined) return this.#rows
    throw new GateError(
      'sql-catalog-unclear',
      `the server answers a question of the gate with \`${this.#error}\``,
    )
  }
}
