import type { Clock } from '../../core/clock.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import { loadMysqlCatalog, type MysqlCatalog } from '../../interpret/sql/mysql/catalog/load.ts'
import type { QueryParser } from '../../interpret/sql/mysql/parse/parser.ts'
import type { OwnConnection } from './own-connection.ts'

/** A catalog is looked at again after this, ms, or after so many times what the look took: servers pay for it. */
const CHECK_MS = 1_000
const CHECK_SHARE = 20

/** Schemas whose tables change with the server's version alone. */
const OWN = "('information_schema', 'performance_schema', 'sys')"

/** A number of what is told of each row: another row gives another, as good as surely. */
function digest(parts: readonly string[], from: string): string {
  const text = `concat_ws('/', ${parts.map(part => `hex(${part})`).join(', ')})`
  const slice = (at: number): string =>
    `cast(coalesce(sum(cast(conv(substr(md5(${text}), ${at}, 12), 16, 10) as unsigned)), 0) as char)`
  return `select count(*) as n, ${slice(1)} as a, ${slice(13)} as b from information_schema.${from}`
}

const DIGESTS: string = [
  digest(['schema_name'], 'schemata'),
  digest(['table_schema', 'table_name', 'table_type'], `tables where table_schema not in ${OWN}`),
  digest(
    ['table_schema', 'table_name', 'column_name', 'ordinal_position', 'extra'],
    `columns where table_schema not in ${OWN}`,
  ),
  digest(['table_schema', 'table_name', 'view_definition'], `views where table_schema not in ${OWN}`),
  digest(
    ['routine_schema', 'routine_name', 'routine_type', 'security_type', 'is_deterministic'],
    `routines where routine_schema not in ${OWN}`,
  ),
].join(' union all ')

/** Opens a connection of the gate's own. */
export type OpenOwn = () => Promise<OwnConnection>

export interface SharedCatalogPorts {
  readonly parser: Pick<QueryParser, 'parse'>
  readonly clock: Clock
}

/**
 * What the server has, for all sessions of one target, read on a connection of its own: questions on a session's would
 * change what it says of its last statement (warnings, FOUND_ROWS). It is looked at again when somebody asks and some time
 * has passed, or a session made a change; where nothing changed it stays the same object.
 */
export class SharedCatalog {
  readonly #ports: SharedCatalogPorts
  #connection: OwnConnection | undefined
  #catalog: MysqlCatalog | undefined
  #digest = ''
  #nextCheckMs = 0
  #checking: Promise<MysqlCatalog> | undefined
  /** Whoever uses it, and how it would come to the server. */
  readonly #users = new Set<{ readonly open: OpenOwn }>()

  constructor(ports: SharedCatalogPorts) {
    this.#ports = ports
  }

  /** A session uses it until it calls what this gives. The last one closes its connection. */
  join(open: OpenOwn): () => void {
    const user = { open }
    this.#users.add(user)
    return () => {
      this.#users.delete(user)
      if (this.#users.size === 0) this.#drop()
    }
  }

  /** The catalog as it was less than some time ago, if it was read. */
  get recent(): MysqlCatalog | undefined {
    return this.#ports.clock.now() < this.#nextCheckMs ? this.#catalog : undefined
  }

  /** The catalog as it is after this was called. Rejects with `sql-catalog-unclear`, `database-…`. */
  async fresh(): Promise<MysqlCatalog> {
    // A check that is under way may have begun before what is to be seen happened.
    await this.#checking?.catch(() => undefined)
    return this.current()
  }

  /** The catalog as it is now, or as a check finds it that is under way. */
  async current(): Promise<MysqlCatalog> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async #check(): Promise<MysqlCatalog> {
    const known = this.#connection !== undefined
    try {
      return await this.#read()
    } catch (error) {
      this.#drop()
      // A connection that lay idle may have been closed by the server.
      if (!known || asGateError(error).code !== 'database-unreachable') throw error
      return this.#read()
    }
  }

  async #read(): Promise<MysqlCatalog> {
    const { clock, parser } = this.#ports
    const connection = await this.#connected()
    const startMs = clock.now()
    const found = JSON.stringify(await connection.ask(DIGESTS))
    const tookMs = clock.now() - startMs
    if (this.#catalog === undefined || found !== this.#digest) {
      const dialect = { mariadb: connection.isMariadb, ansiQuotes: false, noBackslashEscapes: false }
      this.#catalog = await loadMysqlCatalog(sql => connection.ask(sql), parser, dialect)
      this.#digest = found
    }
    this.#nextCheckMs = startMs + Math.max(CHECK_MS, CHECK_SHARE * tookMs)
    if (this.#users.size === 0) this.#drop()
    return this.#catalog
  }

  async #connected(): Promise<OwnConnection> {
    if (this.#connection !== undefined) return this.#connection
    const user = [...this.#users].at(-1)
    if (user === undefined)
      throw new GateError('sql-catalog-unclear', 'nobody is there to read the catalog for')
    const connection = await user.open()
    this.#connection = connection
    // Definitions of views are written for the sql_mode of who reads them; and a limit that somebody has set for all would leave
    // columns out, whose names would be looked for further out.
    await connection.ask("set session sql_mode = '', sql_select_limit = 18446744073709551615")
    return connection
  }

  #drop(): void {
    this.#connection?.leave()
    this.#connection = undefined
  }
}
