/**
 * How many rows a CommandComplete tells of.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (CommandComplete)
 *
 *     INSERT <oid> <rows>     SELECT, UPDATE, DELETE, MERGE, FETCH, MOVE, COPY <rows>     others: no number
 */
const ROWS = /^(?:INSERT [0-9]{1,10}|SELECT|UPDATE|DELETE|MERGE|FETCH|MOVE|COPY) ([0-9]{1,15})$/

/** Rows that were returned or changed; undefined for a command that tells of none. */
export function rowsOf(tag: string): number | undefined {
  const [, rows] = ROWS.exec(tag) ?? []
  return rows === undefined ? undefined : Number(rows)
}
