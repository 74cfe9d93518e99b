import type { PolicyKind } from '../config/findings.ts'
import type { PolicyText } from '../config/model.ts'
import type { Problem } from '../config/problem.ts'
import { readPolicy } from '../policy/parse.ts'

/**
 * Approvers of a document whom nobody vouches for: what demands them can never be approved, which is safe and
 * surely not meant.
 */
export function approverProblems(
  { name, file, text }: PolicyText,
  kind: PolicyKind,
  peopleIssuers: readonly string[],
): readonly Problem[] {
  if (kind !== 'policy' && kind !== 'boundary') return []
  const statements = readPolicy({ name, text }).document?.statements ?? []
  return statements.flatMap(({ at, approval }) => {
    if (approval === undefined || approval.from.some(from => isVouchedFor(from, peopleIssuers))) return []
    const who = approval.from.map(from => `\`${from}\``).join(', ')
    return {
      severity: 'warning',
      file,
      line: at.line,
      column: at.column,
      message: `nobody can approve as ${who}: no issuer that could vouch for them has \`people\` in the configuration`,
    }
  })
}

function isVouchedFor(from: string, peopleIssuers: readonly string[]): boolean {
  if (from === 'admin') return true
  if (from.startsWith('group/')) return peopleIssuers.length > 0
  return peopleIssuers.some(issuer => from.startsWith(`person/${issuer}/`))
}
