import { GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import { loadCatalog, type Row } from '../../interpret/sql/postgres/catalog/load.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { BackendMessage, Column, TransactionState } from '../../wire/postgres/messages.ts'

/** Asks the server on the session's own connection, while nothing else is on its way there. */
export type OwnQuery = (sql: string) => Promise<readonly Row[]>

const TEMPORARY = /^pg_temp_[0-9]{1,10}$/

/** Gathers the answer to a question of the gate. */
export class OwnAnswer {
  readonly #rows: Row[] = []
  #columns: readonly Column[] = []
  #error: string | undefined

  take(message: BackendMessage): void {
    if (message.kind === 'row-description') this.#columns = message.columns
    if (message.kind === 'error')
      this.#error ??= message.fields.find(([letter]) => letter === 'C')?.[1] ?? '?'
    if (message.kind !== 'data-row') return
    const { values } = message
    this.#rows.push(
      Object.fromEntries(this.#columns.map(({ name }, i) => [name, values[i]?.toString() ?? null])),
    )
  }

  /** Throws `sql-catalog-unclear`. */
  rows(): readonly Row[] {
    if (this.#error === undefined) return this.#rows
    throw new GateError(
      'sql-catalog-unclear',
      `the server answers a question on its catalog with \`${this.#error}\``,
    )
  }
}

/** The schemas in which names are looked for now, in order. */
export async function readSearchPath(ask: OwnQuery): Promise<readonly string[]> {
  const rows = await ask(
    'select s.name::pg_catalog.text as name from pg_catalog.unnest(pg_catalog.current_schemas(true)) with ordinality s(name, n) order by s.n using operator(pg_catalog.<)',
  )
  return rows.map(({ name }) => {
    if (typeof name !== 'string') throw new GateError('sql-catalog-unclear', 'the search_path has no names')
    return TEMPORARY.test(name) ? 'pg_temp' : name
  })
}

/** What surrounds questions that need an empty search_path, so that it is as it was after them. */
const AROUND = {
  I: { before: ['begin'], after: ['rollback'] },
  T: {
    before: ['savepoint "sallyport: catalog"'],
    after: ['rollback to savepoint "sallyport: catalog"', 'release savepoint "sallyport: catalog"'],
  },
} as const

/** Reads the catalog as the session sees it, with its temporary tables. Rejects with `sql-catalog-unclear`. */
export async function readCatalog(
  ask: OwnQuery,
  parser: Pick<SqlParser, 'parse'>,
  state: TransactionState,
): Promise<SchemaCatalog> {
  if (state === 'E') throw new GateError('sql-catalog-unclear', 'the transaction has failed')
  const { before, after } = AROUND[state]
  for (const sql of before) await ask(sql)
  try {
    await ask("set local search_path = ''")
    return await loadCatalog(ask, parser)
  } finally {
    for (const sql of after) await ask(sql)
  }
}
