import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { SigningKeys } from '../../wire/sigv4/keys.ts'
import { checkTimes } from '../../wire/sigv4/time.ts'
import { verifySignature } from '../../wire/sigv4/verify.ts'
import type { GateCredentials } from '../credentials.ts'
import type {
  CredentialsClaim,
  DatabaseClaim,
  DatabaseIdentity,
  KnownTarget,
  OfferedCredentials,
} from './port.ts'
import { checkUser } from './role-user.ts'
import { Targets } from './targets.ts'
import { readDatabaseToken, TOKEN_LIMITS } from './token.ts'

/** Who somebody with a certificate is in a role. Rejects with `client-certificate-rejected`, `sts-denied`. */
export type CertificateLogin = (
  claim: DatabaseClaim & { readonly certificate: Buffer },
) => Promise<DatabaseIdentity['principal']>

export interface DatabaseIdentitiesOptions {
  /** Whose protocol the clients speak: nobody comes to another engine's targets. */
  readonly engine: KnownTarget['engine']
  /** All of the gate's. */
  readonly targets: readonly KnownTarget[]
  /** Where clients of this engine reach the gate: a token may be for such a port in the place of the target's. */
  readonly listenPorts: () => readonly number[]
  readonly credentials: GateCredentials
  readonly clock: Clock
  /** Absent: nobody comes by a certificate. */
  readonly certificates?: CertificateLogin
}

/** Most derived keys kept; a client has one a day and region. */
const SIGNING_KEYS = 2_000

/**
 * Who the clients of databases are. Whether a person has ended a session is not looked at here: whoever lets a client in
 * asks that of every principal.
 */
export class DatabaseIdentities {
  readonly #options: DatabaseIdentitiesOptions
  readonly #targets: Targets
  readonly #keys = new SigningKeys(SIGNING_KEYS)

  constructor(options: DatabaseIdentitiesOptions) {
    const { engine, targets, listenPorts } = options
    this.#options = options
    this.#targets = new Targets(
      targets.filter(target => target.engine === engine),
      listenPorts,
    )
  }

  /**
   * Who the client is, by a token as its password, or without a password by its certificate. Rejects with
   * `database-token-…`, `signature-…`, `credentials-…`, `database-user-mismatch`, `database-target-unknown`,
   * `client-certificate-rejected`, `sts-denied`: for the journal, and not for the client, who hears that it is not known.
   */
  async identify(claim: DatabaseClaim): Promise<DatabaseIdentity> {
    const { certificate } = claim
    if (certificate !== undefined && claim.password.reveal() === '') {
      return this.#byCertificate({ ...claim, certificate })
    }
    return this.#byToken(claim)
  }

  /**
   * Credentials whose secret a client is about to prove that it knows, by SCRAM: nothing may be told or done for the
   * principal before. As nothing is signed, the database must be named. Throws as `identify` does.
   */
  offered({ accessKeyId, sessionToken, user, database }: CredentialsClaim): OfferedCredentials {
    const { principal, secretAccessKey } = this.#options.credentials.open(accessKeyId, sessionToken)
    checkUser(user, principal)
    return { principal, secretAccessKey, target: this.#targets.named(database).name }
  }

  #byToken(claim: DatabaseClaim): DatabaseIdentity {
    const token = readDatabaseToken(claim.password.reveal())
    const { signed, request } = token
    // Of S3 Express sessions this refuses all: they are for one bucket.
    const { principal, secretAccessKey } = this.#options.credentials.open(
      signed.accessKeyId,
      signed.sessionToken,
    )
    checkTimes(signed, this.#options.clock, TOKEN_LIMITS)
    verifySignature(signed, request, this.#keys.get(signed.accessKeyId, secretAccessKey, signed.scope))
    if (token.user !== claim.user) {
      throw new GateError('database-user-mismatch', 'the client comes as another user than its token is for')
    }
    checkUser(claim.user, principal)
    const target = this.#targets.ofPlace(token.host, token.port)
    this.#targets.checkNamed(target, claim)
    return { principal, target: target.name }
  }

  async #byCertificate(claim: DatabaseClaim & { readonly certificate: Buffer }): Promise<DatabaseIdentity> {
    const { certificates } = this.#options
    if (certificates === undefined) {
      throw new GateError(
        'client-certificate-rejected',
        'the gate has no authority for certificates of clients',
      )
    }
    // Before there is a session: whoever asks for nothing that is here does not begin one.
    const target = this.#targets.named(claim.database)
    return { principal: await certificates(claim), target: target.name }
  }
}
