import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** What DuckDB may use, and the only files that it may touch. */
export interface DuckLimits {
  readonly memoryMiB: number
  readonly threads: number
  readonly paths: readonly string[]
}

/**
 * A database in memory, which can load nothing, reach no network and open no other file than those named; nor can any
 * of that be changed in it again.
 */
export async function openDuck(limits: DuckLimits): Promise<DuckSession> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api')
  const instance = await Instance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    memory_limit: `${limits.memoryMiB}MiB`,
    threads: String(limits.threads),
  })
  const connection = await instance.connect()
  // Nothing is spilled: a temporary file would hold what was opened in the clear.
  await connection.run(`SET temp_directory = ''`)
  await connection.run(`SET allowed_paths = [${limits.paths.map(quoted).join(', ')}]`)
  await connection.run('SET enable_external_access = false')
  await connection.run('SET lock_configuration = true')
  return new DuckSession(instance, connection)
}

export class DuckSession {
  readonly #instance: DuckDBInstance
  readonly connection: DuckDBConnection

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.connection = connection
  }

  close(): void {
    this.connection.closeSync()
    this.#instance.closeSync()
  }
}

/** A text of SQL, for where no parameter can stand. */
function quoted(text: string): string {
  return `'${text.replaceAll(`'`, `''`)}'`
}
