/** A person, as a configured issuer or the gate itself vouches for them. All of it was verified. */
export interface Person {
  /** `ISSUER/SUBJECT`: whom votes are counted by. `sallyport/admin` is the local administrator. */
  readonly id: string
  readonly issuer: string
  readonly subject: string
  /** For people to read; proves nothing. */
  readonly name: string
  readonly groups: readonly string[]
  /** Subjects and verified e-mail addresses, to find out whether they asked themselves. */
  readonly knownAs: readonly string[]
}
