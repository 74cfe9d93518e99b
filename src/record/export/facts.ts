import type { JsonObject } from '../../core/json.ts'
import type { RecordedCall } from '../event.ts'
import { isReadOnlySql } from './sql.ts'

/** What IAM says that an action does. */
export type AccessLevel = 'List' | 'Read' | 'Write' | 'Permissions management' | 'Tagging'

/** What an export asks of the catalog of AWS. */
export interface ApiFacts {
  /** The name by which requests to a service are signed; undefined for a service that is not known. */
  signingName(service: string): string | undefined
  /** Undefined for an action that is not known. */
  accessLevel(action: string): AccessLevel | undefined
  /** The parameters with member names as CloudTrail writes them (`instanceIds`); keys of maps stay as they are. */
  lowerCamel(call: RecordedCall): JsonObject
}

/** What a call does to its resources. */
export type Activity = 'create' | 'read' | 'update' | 'delete'

/** Longest first where one begins another. */
const VERBS: readonly (readonly [Activity, readonly string[]])[] = [
  ['read', ['Get', 'List', 'Describe', 'Head', 'BatchGet', 'Query', 'Scan', 'Select', 'Search', 'Lookup']],
  ['delete', ['Delete', 'Terminate', 'Deregister', 'Release', 'Purge', 'BatchDelete', 'Remove']],
  ['create', ['Create', 'Run', 'Allocate', 'Register', 'Import', 'Copy', 'BatchCreate', 'Add', 'Upload']],
]

/** True if nothing is changed by it, as far as IAM says; by the operation's verb where IAM says nothing. */
export function isReadOnly(call: RecordedCall, facts: ApiFacts): boolean {
  if (call.sql !== undefined) return isReadOnlySql(call)
  const levels = call.pairs.map(({ action }) => facts.accessLevel(action))
  if (levels.length === 0 || levels.includes(undefined)) return verbOf(call.operation) === 'read'
  return levels.every(level => level === 'List' || level === 'Read')
}

/** What a call does: whether it reads, by IAM's access level; which way it writes, by the operation's verb. */
export function activityOf(call: RecordedCall, facts: ApiFacts): Activity {
  if (isReadOnly(call, facts)) return 'read'
  const verb = verbOf(call.operation)
  return verb === undefined || verb === 'read' ? 'update' : verb
}

function verbOf(operation: string): Activity | undefined {
  return VERBS.find(([, verbs]) => verbs.some(verb => operation.startsWith(verb)))?.[0]
}
