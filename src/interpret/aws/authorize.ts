import { GateError } from '../../core/errors.ts'
import type { Answer } from './answer.ts'
import { askByCatalog } from './by-catalog.ts'
import { askPassedRoles } from './pass-role.ts'
import type { RuleCall } from './services/rule.ts'
import { ruleOf } from './services/rules.ts'

/**
 * Asks for every (action, resource) pair of a call: by a hand-written rule where there is one, else by the
 * catalog; and for every role that it passes.
 * @throws GateError `operation-unmapped`, `too-many-resources`, `too-many-values` and those of the rules
 */
export function authorize(call: RuleCall, answer: Answer): void {
  const rule = ruleOf(call.service, call.operation) ?? askByCatalog
  rule(call, answer)
  if (answer.isEmpty) {
    throw new GateError(
      'operation-unmapped',
      `no IAM action is known for \`${call.service}\` \`${call.operation}\``,
    )
  }
  askPassedRoles(call, answer)
}
