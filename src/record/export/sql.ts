import type { JsonObject } from '../../core/json.ts'
import type { OutcomeEvent, RecordedCall } from '../event.ts'
import { present } from './call.ts'

/** What statements do, as formats have words for it; of several, the first in this order. */
export type SqlActivity = 'delete' | 'update' | 'write' | 'create' | 'query' | 'connect' | 'other'

const ACTIVITIES: ReadonlyMap<string, SqlActivity> = new Map<string, SqlActivity>([
  ['sql:Delete', 'delete'],
  ['sql:Truncate', 'delete'],
  ['sql:Drop', 'delete'],
  ['sql:Update', 'update'],
  ['sql:Merge', 'update'],
  ['sql:Alter', 'update'],
  ['sql:Insert', 'write'],
  ['sql:Create', 'create'],
  ['sql:Select', 'query'],
  ['sql:Explain', 'query'],
  ['sql:Connect', 'connect'],
])
const ORDER: readonly SqlActivity[] = ['delete', 'update', 'write', 'create', 'query', 'connect']

/** What a text does, by all that it asked for. What copies, calls or cannot be told is `other`. */
export function sqlActivityOf({ pairs }: RecordedCall): SqlActivity {
  const found = new Set(pairs.map(({ action }) => ACTIVITIES.get(action)))
  return ORDER.find(activity => found.has(activity)) ?? 'other'
}

const READS: ReadonlySet<string> = new Set(['sql:Select', 'sql:Explain', 'sql:Connect'])

/** True if nothing was asked for but to read. */
export function isReadOnlySql({ pairs }: RecordedCall): boolean {
  return pairs.length > 0 && pairs.every(({ action }) => READS.has(action))
}

/** What formats have no field for. */
export function sqlFacts(call: RecordedCall | undefined, outcome: OutcomeEvent | undefined): JsonObject {
  const sql = call?.sql
  if (sql === undefined) return {}
  return {
    sql: present({
      engine: sql.engine,
      message: sql.message,
      normalized: sql.normalized,
      fingerprint: sql.fingerprint,
      rows: outcome?.rows,
    }),
  }
}
