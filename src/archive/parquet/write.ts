import type { DuckDBAppender, DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { GateError } from '../../core/errors.ts'
import type { JournalSource } from '../../record/read.ts'
import { COLUMNS, type ColumnName, type ColumnType, type Row } from './columns.ts'
import { type DuckSession, openDuck } from './duckdb.ts'
import { segmentRows } from './segment-rows.ts'

/** Rows that are handed over at once: a vector of DuckDB. */
const CHUNK_ROWS = 2_048
/** Small enough for readers that look for a few rows, large enough to compress well. */
const GROUP_ROWS = 20_480
const MEMORY_MIB = 1_024

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  number: 'BIGINT',
  moment: 'TIMESTAMP',
  flag: 'BOOLEAN',
  texts: 'VARCHAR[]',
}

const NAMES = Object.keys(COLUMNS) as readonly ColumnName[]

/**
 * Writes what one segment holds as a Parquet file at `path`, readable by its owner alone; in place of any that was there,
 * whole or not at all. Gives the number of rows. Native code runs in this process: where a fault in it must not end the
 * gate, call it in another. Throws `segment-missing`, `journal-corrupt`,
 * `export-unwritable`.
 */
export async function writeParquet(
  source: JournalSource,
  lane: number,
  segment: number,
  path: string,
): Promise<number> {
  const draft = `${path}.draft`
  const duck = await openDuck({ memoryMiB: MEMORY_MIB, threads: 1, paths: [draft] })
  const { connection } = duck
  try {
    const columns = NAMES.map(name => `${name} ${SQL_TYPES[COLUMNS[name]]}`).join(', ')
    await connection.run(`CREATE TABLE events (${columns})`)
    const rows = await append(await connection.createAppender('events'), segmentRows(source, lane, segment))
    if (rows === undefined) {
      throw new GateError('segment-missing', `lane ${lane} has no segment ${segment}`)
    }
    await unlessUnwritable(path, () => put(source, duck, draft, path))
    return rows
  } catch (error) {
    await removeDraft(source, draft)
    throw error
  } finally {
    duck.close()
  }
}

async function put(
  { files }: JournalSource,
  { connection }: DuckSession,
  draft: string,
  path: string,
): Promise<void> {
  // Made before DuckDB writes it, so that it is never readable by others.
  await (await files.create(draft)).close()
  await connection.run(
    `COPY (SELECT * FROM events ORDER BY time, lane, event_number) TO $1
     (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${GROUP_ROWS}, USE_TMP_FILE false)`,
    [draft],
  )
  const written = await files.open(draft, 'write')
  await written?.sync()
  await written?.close()
  await files.rename(draft, path)
}

async function unlessUnwritable(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (cause) {
    throw new GateError('export-unwritable', `cannot write \`${path}\` as Parquet`, { cause })
  }
}

async function removeDraft({ files }: JournalSource, draft: string): Promise<void> {
  const left = await files.open(draft, 'read')
  if (left === undefined) return
  await left.close()
  await files.remove(draft)
}

/** How many rows there were; undefined where there is no segment. */
async function append(
  appender: DuckDBAppender,
  rows: AsyncGenerator<Row, boolean>,
): Promise<number | undefined> {
  const make = await chunkMaker()
  let some: Row[] = []
  let count = 0
  const flush = (): void => {
    if (some.length > 0) appender.appendDataChunk(make(some))
    count += some.length
    some = []
  }
  let step = await rows.next()
  for (; step.done !== true; step = await rows.next()) {
    some.push(step.value)
    if (some.length === CHUNK_ROWS) flush()
  }
  flush()
  appender.closeSync()
  return step.value ? count : undefined
}

/** Puts rows into a chunk of DuckDB's. */
async function chunkMaker(): Promise<(rows: readonly Row[]) => DuckDBDataChunk> {
  const duck = await import('@duckdb/node-api')
  const types: Readonly<Record<ColumnType, DuckDBType>> = {
    text: duck.VARCHAR,
    number: duck.BIGINT,
    moment: duck.TIMESTAMP,
    flag: duck.BOOLEAN,
    texts: duck.LIST(duck.VARCHAR),
  }
  const asValue = (type: ColumnType, value: Row[ColumnName]): DuckDBValue => {
    if (value === undefined) return null
    if (typeof value === 'object') return duck.listValue([...value])
    if (typeof value !== 'number') return value
    if (type === 'moment') return new duck.DuckDBTimestampValue(BigInt(Math.round(value)) * 1_000n)
    return BigInt(Math.round(value))
  }
  const kinds = NAMES.map(name => COLUMNS[name])
  return rows => {
    const chunk = duck.DuckDBDataChunk.create(kinds.map(kind => types[kind]))
    chunk.setRows(rows.map(row => NAMES.map(name => asValue(COLUMNS[name], row[name]))))
    return chunk
  }
}
