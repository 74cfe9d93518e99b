/** A person, as a configured issuer or the gate itself vouches for them. All of it was verified. */
export interface Person {
  /** `ISSUER/SUBJECT`: whom votes are counted by. `sallyport/admin` is the local administrator. */
  readonly id: string
  readonly issuer: string
  readonly subject: string
  /** For people to read; proves nothing. */
  readonly name: string
  readonly groups: readonly string[]
  /** Every name that the issuer has for them, verified or not, to find out whether they asked themselves. */
  readonly knownAs: readonly string[]
}

/**
 * Claims in which issuers name the person behind a token: OIDC's own, those of Entra, GitHub and GitLab. Of one
 * who asks and of one who approves the same ones are read: else nobody would see that they are one person.
 */
export const NAMING_CLAIMS: readonly string[] = [
  'email',
  'preferred_username',
  'upn',
  'unique_name',
  'username',
  'login',
  'actor',
  'user_login',
  'user_email',
]
