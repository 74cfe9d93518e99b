import type { Config } from '../config/model.ts'
import type { AskBody } from '../contract/approvals.ts'
import type { Context } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import { requesterOf } from '../gateway/requester.ts'
import type { ScopeQuestion } from '../grants/desk.ts'
import type { Bearer } from '../identity/people.ts'
import type { OpenDesk } from './desk.ts'
import type { Identities } from './identities.ts'
import type { Policies } from './policies.ts'

/** Somebody asks for standing access to a role. */
export interface StandingAsk {
  readonly bearer: Bearer
  readonly ask: AskBody
  /** Of the connection. */
  readonly context: Context
}

interface Foundations {
  readonly open: OpenDesk
  readonly policies: Policies
  readonly identities: Identities
}

/**
 * What the desk is asked: as whom the bearer would be in the role, and what its policies demand there. Throws
 * `sts-denied` for a role that is not there, and for one that does not trust the bearer.
 */
export function standingAccess(
  { roles }: Config,
  { open, policies, identities }: Foundations,
  { bearer, ask, context }: StandingAsk,
): ScopeQuestion {
  const { identity, person } = bearer
  if (identity === undefined)
    throw new GateError('sts-denied', 'the token is of nobody who could have a role')
  const roleArn = roleNamed(
    ask.role,
    roles.map(({ arn }) => arn),
  )
  const requester = requesterOf(open.digestKey, identities.sts.wouldBe(identity, roleArn, context))
  const actions = ask.actions ?? ['*']
  return {
    requester: { ...requester, knownAs: [...new Set([...requester.knownAs, ...person.knownAs])] },
    scope: { actions, resources: ask.resources ?? ['*'] },
    reason: ask.reason,
    validForMs: ask.forMs,
    demands: policies.demands(roleArn, actions),
    ...(ask.uses === undefined ? {} : { uses: ask.uses }),
  }
}

/** The ARN of a role that is called by its name, where one role alone is called so; else what was given. */
function roleNamed(text: string, arns: readonly string[]): string {
  const named = arns.filter(arn => arn === text || arn.endsWith(`:role/${text}`) || arn.endsWith(`/${text}`))
  return named.length === 1 ? (named[0] ?? text) : text
}
