import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import type { PostgresAddress } from './postgres-url.ts'

/** What one process takes of the server, and how long it waits for it. */
export interface PoolLimits {
  /** Connections. */
  readonly size: number
  /** How long a call waits for a connection, be it a new one or its turn. */
  readonly connectTimeoutMs: number
  /** How long the server works on one statement, waiting for locks included. */
  readonly statementTimeoutMs: number
  /** How long an answer may take to come; after it the connection is given up. */
  readonly answerTimeoutMs: number
}

export const POOL_LIMITS: PoolLimits = {
  size: 8,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 5_000,
  answerTimeoutMs: 7_000,
}

/** A process that stopped in the middle of a transaction keeps nobody out for longer. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 60_000

/** OID of `int8`, which the driver gives as text: it may be beyond what a number holds. */
const INT8 = 20

/**
 * SQLSTATE classes after which a connection is of no use: it broke (08), the server stops or was told to
 * end it (57), or it is a replica now that takes no writes (25006).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OF_NO_USE = /^(?:08|57|25006)/

/** What can be said again on another connection. */
const CHANGES_NOTHING = /^(?:begin|start transaction|select)\b/

/** Connections to PostgreSQL: none that ever failed in an unclear way is used again. */
export function openPool(address: PostgresAddress, limits: PoolLimits): PostgresPool {
  const pool = new pg.Pool({
    ...address,
    application_name: 'sallyport',
    max: limits.size,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: limits.statementTimeoutMs,
    query_timeout: limits.answerTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    types: { getTypeParser },
    onConnect: assureDurability,
  })
  // Without listeners Node would end the process. Whoever waits for an answer gets the error by itself, and
  // the pool drops a connection that broke while nobody used it.
  pool.on('error', noted)
  pool.on('connect', client => client.on('error', noted))
  return {
    options: {},
    connect: async () => watched(pool, await pool.connect(), limits),
    end: () => pool.end(),
  }
}

function noted(): void {
  // Nothing depends on it: see above.
}

/** A database or a role may be set to acknowledge commits that are not on disk; grants are counted by them. */
async function assureDurability(client: pg.ClientBase): Promise<void> {
  await client.query(`
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
  `)
}

/**
 * The client as Kysely uses it. One that failed other than by a plain SQL error is closed on release. One that
 * turns out to have been cut while nobody used it is replaced, where nothing can have been done by it yet: a
 * server that was restarted costs no call.
 */
function watched(pool: pg.Pool, first: pg.PoolClient, limits: PoolLimits): PostgresPoolClient {
  // A timer may come a millisecond early: a server that did not answer in time is not asked a second time.
  const until = performance.now() + limits.answerTimeoutMs - 5
  let client: pg.PoolClient | undefined = first
  let isBroken = false
  let isUsed = false
  const query = async (sql: string, parameters: readonly unknown[]): Promise<pg.QueryResult> => {
    for (;;) {
      client ??= await pool.connect()
      try {
        const result = await client.query(sql, [...parameters])
        isUsed = true
        return result
      } catch (error) {
        const isCut = breaks(error)
        isBroken ||= isCut
        if (!isCut || isUsed || !CHANGES_NOTHING.test(sql) || performance.now() > until) throw error
      }
      client.release(true)
      client = undefined
      isBroken = false
    }
  }
  return {
    // Its second form is for cursors, which Kysely uses only if it is given their class.
    query: query as unknown as PostgresPoolClient['query'],
    release: destroy => client?.release(destroy === true || isBroken),
  }
}

function breaks(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || OF_NO_USE.test(error.code ?? '')
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === INT8 ? wholeNumber : pg.types.getTypeParser(oid, format as 'text')
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a number of the database is too large')
  return value
}
