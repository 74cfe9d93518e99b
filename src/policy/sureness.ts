import type { Effect } from './model.ts'

/**
 * How sure a statement must be that it is about a request, where the request or the rules of IAM leave it
 * open: parts of a resource that are not known, several values for a key where IAM foresees one, a value that
 * is no number, a policy variable without a value.
 * - `surely`: whatever the answer is, the statement is about it (`Allow`)
 * - `possibly`: it could be (`Deny`, `RequireApproval`, `Mask`)
 */
export type Sureness = 'surely' | 'possibly'

/** What is open never opens the gate: it neither lets an Allow hold nor keeps a Deny from holding. */
export function surenessOf(effect: Effect): Sureness {
  return effect === 'Allow' ? 'surely' : 'possibly'
}
