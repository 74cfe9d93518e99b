import { GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import { CATALOG_STATE } from '../../interpret/sql/postgres/catalog/changes.ts'
import { loadCatalog, type Row } from '../../interpret/sql/postgres/catalog/load.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { BackendMessage, Column, TransactionState } from '../../wire/postgres/messages.ts'
import { writeFrontend } from '../../wire/postgres/writer.ts'
import type { Message } from './relay.ts'

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

/** What the gate calls its own statement and portal, for as long as a question takes. */
const OWN = 'sallyport: own'
const CLOSE_STATEMENT = writeFrontend({ kind: 'close', handle: 'S', name: OWN })
const CLOSE_PORTAL = writeFrontend({ kind: 'close', handle: 'P', name: OWN })
const BIND = writeFrontend({
  ...{ kind: 'bind', portal: OWN, statement: OWN, formats: [], parameters: [], resultFormats: [] },
})
const DESCRIBE = writeFrontend({ kind: 'describe', handle: 'P', name: OWN })
const EXECUTE = writeFrontend({ kind: 'execute', portal: OWN, maxRows: 0 })
const SYNC = writeFrontend({ kind: 'sync' })

/**
 * A question as a batch with names of its own: a Query would destroy the client's unnamed statement and portal. Closing what
 * is not there is no error, and one that somebody made under the name is in nobody's way.
 */
export function ownBatch(sql: string, take: (message: BackendMessage) => void): readonly Message[] {
  const own = { own: take, isAside: true }
  return [
    [{ kind: 'close', ...own }, CLOSE_STATEMENT],
    [{ kind: 'parse', ...own }, writeFrontend({ kind: 'parse', statement: OWN, sql, types: [] })],
    [{ kind: 'bind', ...own }, BIND],
    [{ kind: 'describe', ...own }, DESCRIBE],
    [{ kind: 'execute', ...own }, EXECUTE],
    [{ kind: 'close', ...own }, CLOSE_PORTAL],
    [{ kind: 'close', ...own }, CLOSE_STATEMENT],
    [{ kind: 'sync', ...own }, SYNC],
  ]
}

/** What a session has of its own that names hang on. */
export interface OwnSettings {
  /** The schemas in which names are looked for now, in order. */
  readonly searchPath: readonly string[]
  /** The search_path as it is written, and who is meant by `"$user"` in it. */
  readonly path: string
  /** Whether it has, or had, temporary objects. */
  readonly hasTemporary: boolean
  /** Equal while it has the same ones: what it calls, or a trigger, may make some. */
  readonly temporaries: string
  /** Whether the transaction goes on seeing the catalog as it was when it began; the server itself does not. */
  readonly isFrozen: boolean
}

/** Every name in it is qualified, operators too: the search_path is whatever the client likes. */
const SETTINGS = `
  select pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text as schemas,
         pg_catalog.concat_ws(' ', pg_catalog.current_setting('search_path'), current_user) as path,
         (pg_catalog.pg_my_temp_schema() operator(pg_catalog.<>) 0)::pg_catalog.text as temporary,
         case when pg_catalog.pg_my_temp_schema() operator(pg_catalog.<>) 0 then (
           select pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', c.oid, c.xmin, c.ctid), 0))
             from pg_catalog.pg_class c where c.relnamespace operator(pg_catalog.=) pg_catalog.pg_my_temp_schema())
         end::pg_catalog.text as temporaries,
         pg_catalog.current_setting('transaction_isolation') as isolation`

export async function readSettings(ask: OwnQuery): Promise<OwnSettings> {
  const [row] = await ask(SETTINGS)
  return {
    searchPath: schemasIn(row?.['schemas']),
    path: row?.['path'] ?? '',
    hasTemporary: row?.['temporary'] !== 'false',
    temporaries: row?.['temporaries'] ?? '',
    isFrozen: row?.['isolation'] !== 'read committed' && row?.['isolation'] !== 'read uncommitted',
  }
}

function schemasIn(json: string | null | undefined): readonly string[] {
  const names: unknown = JSON.parse(json ?? 'null')
  if (!Array.isArray(names)) throw new GateError('sql-catalog-unclear', 'the search_path cannot be told')
  return names.map((name: unknown) => {
    if (typeof name !== 'string') throw new GateError('sql-catalog-unclear', 'the search_path has no names')
    return TEMPORARY.test(name) ? 'pg_temp' : name
  })
}

/** What surrounds questions that need an empty search_path, so that it is as it was after them. */
const AROUND = {
  I: { before: ['begin isolation level repeatable read read only'], after: ['rollback'] },
  T: {
    before: ['savepoint "sallyport: catalog"'],
    after: ['rollback to savepoint "sallyport: catalog"', 'release savepoint "sallyport: catalog"'],
  },
} as const

/** A catalog that one session alone sees, and the state of it. */
export interface OwnCatalog {
  readonly catalog: SchemaCatalog
  readonly state: string
}

/**
 * The catalog as the session sees it, with its temporary objects and what it has not committed; one of `known` where it is as
 * that is. Rejects with `sql-catalog-unclear`.
 * @param parser absent: then it is undefined where it is none of `known`
 */
export async function readOwnCatalog(
  ask: OwnQuery,
  parser: Pick<SqlParser, 'parse'> | undefined,
  transaction: TransactionState,
  known: readonly OwnCatalog[],
): Promise<OwnCatalog | undefined> {
  if (transaction === 'E') throw new GateError('sql-catalog-unclear', 'the transaction has failed')
  const { before, after } = AROUND[transaction]
  for (const sql of before) await ask(sql)
  try {
    await ask("set local search_path = ''")
    const [row] = await ask(CATALOG_STATE)
    const state = row?.['state']
    if (typeof state !== 'string') throw new GateError('sql-catalog-unclear', 'the catalog has no state')
    const same = known.find(each => each.state === state)
    if (same !== undefined || parser === undefined) return same
    return { catalog: await loadCatalog(ask, parser), state }
  } finally {
    for (const sql of after) await ask(sql)
  }
}
