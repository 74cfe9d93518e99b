import type { KillKind } from './ports.ts'

/** Longer texts are something else. */
const MAX_BYTES = 128
/** https://dev.mysql.com/doc/refman/8.4/en/kill.html, and MariaDB's HARD and SOFT. */
const KILL = /^\s*KILL\s+(?:HARD\s+|SOFT\s+)?(?:(CONNECTION|QUERY)\s+)?(\d{1,10})\s*;?\s*$/i

export interface Kill {
  /** An id of the gate. */
  readonly connectionId: number
  readonly kind: KillKind
}

/** What a text kills, if that is all that it does; the server must never see it. */
export function killIn(sql: Buffer): Kill | undefined {
  if (sql.length > MAX_BYTES) return undefined
  const [, kind, id] = KILL.exec(sql.toString('latin1')) ?? []
  if (id === undefined) return undefined
  return { connectionId: Number(id), kind: kind?.toUpperCase() === 'QUERY' ? 'query' : 'connection' }
}
