import type { Report } from './report.ts'

/** A statement that gives permissions, or one of a role's trust policy. */
export type StatementKind = 'permission' | 'trust'

/** What reading a statement needs to know of its document. */
export interface StatementReader {
  readonly report: Report
  readonly kind: StatementKind
  /** The document's version knows policy variables. */
  readonly variables: boolean
  readonly number: number
}
