import type { JsonObject } from '../../core/json.ts'
import type { OutcomeEvent, RecordedCall, RecordedSql } from '../event.ts'
import { type CallEntry, outcomeOf, present } from './call.ts'
import { type Choice, DATASTORE_ACTIVITY, other } from './ocsf-base.ts'
import { callMembers } from './ocsf-call.ts'
import { type SqlActivity, sqlActivityOf } from './sql.ts'

const ACTIVITIES: Readonly<Record<Exclude<SqlActivity, 'other'>, Choice>> = {
  update: [2, 'Update'],
  connect: [3, 'Connect'],
  query: [4, 'Query'],
  write: [5, 'Write'],
  create: [6, 'Create'],
  delete: [7, 'Delete'],
}

/**
 * Datastore Activity: a statement to a database, together with how it ended.
 * https://schema.ocsf.io/1.6.0/classes/datastore_activity
 */
export function statementEvent(entry: CallEntry, call: RecordedCall, sql: RecordedSql): JsonObject {
  const activity = sqlActivityOf(call)
  const { target, database, engine } = sql
  return present({
    ...callMembers(entry, {
      class: DATASTORE_ACTIVITY,
      activity: activity === 'other' ? other(call.operation) : ACTIVITIES[activity],
    }),
    type_id: 1,
    type: 'Database',
    database: { name: database, uid: `${target}/${database}`, type_id: 1, type: 'Relational' },
    dst_endpoint: { name: target, svc_name: engine },
    query_info: queryOf(entry, sql),
  })
}

/** Absent where nothing is known of what it said: the schema asks for the text. */
function queryOf({ decision, ending }: CallEntry, sql: RecordedSql): JsonObject | undefined {
  const outcome: OutcomeEvent | undefined = outcomeOf(ending)
  const text = sql.text ?? sql.normalized
  if (text === undefined) return undefined
  return present({
    uid: sql.fingerprint ?? decision.id,
    query_string: text,
    query_time: decision.timeMs,
    bytes: outcome?.bytesOut,
  })
}
