import type { Context } from '../core/decision.ts'

/** The actions that a role's trust policy decides on. */
export type TrustAction =
  | 'sts:AssumeRole'
  | 'sts:AssumeRoleWithWebIdentity'
  /** The gate's own: with the certificate of a client of a database. */
  | 'sts:AssumeRoleWithCertificate'
  | 'sts:TagSession'
  | 'sts:SetSourceIdentity'

/** The question to a role's trust policy. Everything in it has been verified. */
export interface TrustQuestion {
  readonly action: TrustAction
  /**
   * A federated caller: every name by which `Principal.Federated` may mean the issuer, that is its ARN
   * (`arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH`), its URL, `HOST/PATH`, and its configured name. The authorities
   * for certificates have a configured name alone.
   */
  readonly federated?: readonly string[]
  /**
   * A principal of the gate: every value by which `Principal.AWS` may mean it, that is its session ARN,
   * its role's ARN, its account's root ARN and its account's number.
   */
  readonly principalArns?: readonly string[]
  readonly context: Context
}

export interface TrustAnswer {
  readonly allowed: boolean
  /** Why, for the operator: names the statement, or says that none allowed it. */
  readonly reason: string
}

/**
 * Evaluates the trust policy of a role of the gate: default deny, a Deny wins. Answers `allowed: false`
 * for a role that it does not know. Implemented by `policy/`.
 */
export type Trusts = (roleArn: string, question: TrustQuestion) => TrustAnswer

/** What the STS knows of a role beside its trust policy; from the configuration. */
export interface AssumableRole {
  readonly arn: string
  /** Longest session, ms. */
  readonly maxSessionMs: number
}
