import type { Context } from '../../core/decision.ts'
import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'

/** What a client of a database says of itself; nothing of it was verified, but for the certificate's key. */
export interface DatabaseClaim {
  /** Name or ARN of a role of the gate. */
  readonly user: string
  /** A target's name, its host's, or that of its database; the user's, or nothing, where the client named none. */
  readonly database: string
  /** The presigned form of `sallyport token`; empty where a certificate is to speak. */
  readonly password: Redacted
  readonly clientAddress: string
  readonly secure: boolean
  /** The certificate of the client, DER, whose key it has proven to hold; its issuer is not verified. */
  readonly certificate?: Buffer
}

/** Who a client of a database is, and which target its proof is for. */
export interface DatabaseIdentity {
  readonly principal: Principal
  /** The target's name. */
  readonly target: string
}

/** What a client of SCRAM says of itself. */
export interface CredentialsClaim extends Pick<DatabaseClaim, 'user' | 'database'> {
  readonly accessKeyId: string
  readonly sessionToken: string
}

/** Credentials that a client says to have, authentic and alive; it has not proven yet that it knows the secret. */
export interface OfferedCredentials extends DatabaseIdentity {
  readonly secretAccessKey: Redacted
}

/** What is known here of a database behind the gate. */
export interface KnownTarget {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  /** The database in the server. */
  readonly database: string
}

/** A session that a certificate has begun. */
export interface CertificateSession {
  readonly operation: 'AssumeRoleWithCertificate'
  readonly principal: Principal
}

/** What the transport knows of a client. */
export interface ConnectionFacts {
  readonly clientAddress: string
  readonly secure: boolean
}

/** Records that a session has begun; durable when it resolves. */
export type SessionBegan = (session: CertificateSession, facts: ConnectionFacts) => Promise<void>

/** Condition keys of a connection: `aws:SourceIp`, `aws:SecureTransport`, `aws:CurrentTime`. */
export type ConnectionContext = (facts: ConnectionFacts) => Context
