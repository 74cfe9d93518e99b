import type { Context, StatementRef } from '../core/decision.ts'
import { type CompiledStatement, compile } from './compile.ts'
import { keysOf, speaksOf } from './decide.ts'
import type { PolicyDocument, PrincipalSelector } from './model.ts'

/** Who wants to assume a role; everything in it has been verified. */
export interface TrustRequest {
  readonly action: string
  /** Every value by which `Principal.Federated` may mean the caller's issuer. */
  readonly federated?: readonly string[]
  /** Every value by which `Principal.AWS` may mean the caller. */
  readonly principalArns?: readonly string[]
  readonly context: Context
}

export interface TrustDecision {
  readonly allowed: boolean
  /** The statements that denied, or else the ones that allowed. */
  readonly statements: readonly StatementRef[]
  readonly reason: string
}

/** Evaluates a trust policy: default deny, a Deny wins. */
export function evaluateTrust(document: PolicyDocument): (request: TrustRequest) => TrustDecision {
  const { statements } = compile([document])
  return request => {
    const keys = keysOf(request.context, undefined)
    const pair = { action: request.action, resource: '*', certainty: 'exact' } as const
    const matching = statements.filter(
      statement =>
        statement.action(request.action.toLowerCase()) &&
        isMeant(statement, request) &&
        speaksOf(statement, pair, keys),
    )
    const having = (effect: 'Allow' | 'Deny'): StatementRef[] =>
      matching.filter(({ ref }) => ref.effect === effect).map(({ ref }) => ref)
    const denying = having('Deny')
    if (denying.length > 0) {
      return {
        allowed: false,
        statements: denying,
        reason: `denied by \`${denying[0]?.statement}\` of the trust policy`,
      }
    }
    const allowing = having('Allow')
    if (allowing.length === 0) {
      return {
        allowed: false,
        statements: [],
        reason: `no statement of the trust policy allows \`${request.action}\``,
      }
    }
    return { allowed: true, statements: allowing, reason: `allowed by \`${allowing[0]?.statement}\`` }
  }
}

function isMeant({ source }: CompiledStatement, request: TrustRequest): boolean {
  const selector = source.principals
  return selector !== undefined && names(selector, request) !== selector.not
}

function names({ principals }: PrincipalSelector, request: TrustRequest): boolean {
  return principals.some(({ type, value: { text } }) => {
    if (type === '*') return true
    if (type === 'Federated') return request.federated?.includes(text) ?? false
    if (type !== 'AWS') return false
    // `AWS: *` means every principal of AWS; one of an identity provider is none.
    if (text === '*') return request.principalArns !== undefined
    return request.principalArns?.includes(text) ?? false
  })
}
