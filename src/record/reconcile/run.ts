import { GateError } from '../../core/errors.ts'
import type { JournalSource } from '../read.ts'
import { type ReconcileOptions, Reconciliation } from './reconcile.ts'
import { Recorded } from './recorded.ts'
import type { ReconcileReport } from './report.ts'
import { LeasedRoles } from './roles.ts'
import { readTrailFile, type TrailFile } from './trail-file.ts'

/** What is reconciled with what. */
export interface ReconcileInput extends ReconcileOptions {
  /** The journals of all gates that lease the roles. */
  readonly journals: readonly JournalSource[]
  /** ARNs of roles beside those that the journals name. */
  readonly roles: readonly string[]
  readonly files: AsyncIterable<TrailFile>
  /** How many files were passed over by the time that all were listed. */
  readonly skipped: () => number
}

/**
 * Reads the journals, then the files. Throws `reconcile-roles-missing`, `reconcile-too-large`, `journal-corrupt`,
 * `events-unreadable`.
 */
export async function reconcile(input: ReconcileInput): Promise<ReconcileReport> {
  const roles = new LeasedRoles()
  for (const arn of input.roles) roles.add(arn)
  const recorded = new Recorded(input.span, roles)
  for (const journal of input.journals) await recorded.read(journal)
  if (roles.arns.length === 0) {
    throw new GateError('reconcile-roles-missing', 'neither the journal nor the configuration names a role')
  }
  const reconciliation = new Reconciliation(recorded, roles, input)
  let files = 0
  for await (const file of input.files) {
    files++
    for await (const event of readTrailFile(file)) reconciliation.add(event)
  }
  return reconciliation.report(files, input.skipped())
}
