import { GateError } from '../core/errors.ts'
import type { CallQuestion, ScopeQuestion } from './desk.ts'
import { requestDigest, scopeDigest } from './digest.ts'
import { type ApprovalLimits, UNCOUNTED_USES } from './limits.ts'
import type { Question } from './machine.ts'
import type { RequestedCall } from './model.ts'
import { PROSE_LENGTH, prose } from './prose.ts'
import { checkScope } from './scope.ts'
import { termsOf } from './terms.ts'

/** What is asked, before it has a number. */
export type Unnumbered = Omit<Question, 'id'>

/** Characters that are kept of the command line of a call that is too large to be shown. */
const CUT_COMMAND_LINE = 1_000

/**
 * The request for a call. Throws `request-too-large` where people could not be shown all of it: they approve
 * what they see.
 */
export function callAsked(
  { requester, demands }: CallQuestion,
  digest: string,
  call: RequestedCall,
  { shownCharacters }: ApprovalLimits,
): Unnumbered {
  if (JSON.stringify(call).length > shownCharacters) {
    throw new GateError(
      'request-too-large',
      `the call needs an approval, and takes more than ${shownCharacters} characters to be shown`,
    )
  }
  const { uses, validForMs } = termsOf(demands)
  return { kind: 'call', digest, requester, call, demands, uses, validForMs }
}

/** A call that passes without an approval, however large: without its parameters where they are too many. */
export function cutCall(call: RequestedCall, { shownCharacters }: ApprovalLimits): RequestedCall {
  if (JSON.stringify(call).length <= shownCharacters) return call
  const { recorded } = call
  return {
    ...call,
    ...withoutParameters(call),
    ...(recorded && { recorded: withoutParameters(recorded) }),
    pairs: call.pairs.slice(0, 1),
    resources: [],
  }
}

function withoutParameters({ commandLine }: Pick<RequestedCall, 'commandLine'>): {
  readonly commandLine: string
  readonly parameters: Record<string, never>
} {
  return { commandLine: `${commandLine.slice(0, CUT_COMMAND_LINE).toWellFormed()}…`, parameters: {} }
}

/**
 * The request for standing access. Its time and uses are those that are asked for and shown, and not those of
 * the demands, which are of one call. Throws `request-invalid`.
 */
export function scopeAsked(question: ScopeQuestion, { maxScopeMs }: ApprovalLimits): Unnumbered {
  const { requester, scope, demands, validForMs, uses = UNCOUNTED_USES } = question
  checkScope(scope)
  checkCount('validForMs', validForMs, maxScopeMs)
  checkCount('uses', uses, UNCOUNTED_USES)
  if (demands.length === 0) {
    throw new GateError('request-invalid', 'nothing within the scope needs an approval in this role')
  }
  const { principalKey, roleArn } = requester
  return {
    kind: 'scope',
    digest: requestDigest(scopeDigest({ principalKey, roleArn, scope }), demands),
    requester,
    scope,
    reason: checkReason(question.reason),
    demands,
    uses,
    validForMs,
  }
}

function checkReason(text: string): string {
  const reason = prose(text)
  if (reason === undefined) throw new GateError('request-invalid', 'standing access needs a `reason`')
  if (text.length <= PROSE_LENGTH) return reason
  throw new GateError('request-invalid', `the \`reason\` has more than ${PROSE_LENGTH} characters`)
}

function checkCount(member: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return
  throw new GateError('request-invalid', `\`${member}\` is \`${value}\`; expected 1 to ${most}`)
}
