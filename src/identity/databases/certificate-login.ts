/**
 * The certificate of a client of a database becomes a session in a role, as a web identity does at the STS of the gate: the
 * role's trust policy decides, by an action of its own. See docs/rfd/0011.
 */
import type { Clock, Random } from '../../core/clock.ts'
import type { Context } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import { newId } from '../../core/id.ts'
import type { Principal } from '../../core/principal.ts'
import { parseRoleArn, type RoleName, sessionArn } from '../session-claims.ts'
import type { AssumableRole, Trusts } from '../trust.ts'
import type { CertifiedSubject, ClientAuthorities } from './client-authorities.ts'
import type { CertificateLogin } from './databases.ts'
import type { ConnectionContext, DatabaseClaim, SessionBegan } from './port.ts'
import { meansRole } from './role-user.ts'

export interface CertificateLoginOptions {
  readonly authorities: ClientAuthorities
  /** Their name in trust policies (`Principal.Federated`, `gate:Issuer`) and in what is recorded. */
  readonly issuer: string
  /** The roles of the gate, by ARN. */
  readonly roles: ReadonlyMap<string, AssumableRole>
  readonly trusts: Trusts
  /** Condition keys of the connection. */
  readonly connection: ConnectionContext
  readonly began: SessionBegan
  /** Whether a person has ended the session. */
  readonly isEnded: (principal: Principal) => boolean
  readonly clock: Clock
  readonly random: Random
}

const ACTION = 'sts:AssumeRoleWithCertificate'

/**
 * How long after its beginning a session takes in further connections of the same certificate in the same role from the same
 * address: the connections of a pool are one session. The trust policy is asked for each of them.
 */
const JOIN_MS = 5 * 60_000
const MAX_JOINABLE = 1_000
const MAX_NAME_CHARS = 64

interface Begun {
  readonly principal: Principal
  /** Resolves when the session is recorded. */
  readonly recorded: Promise<void>
}

/** Rejects with `client-certificate-rejected`, `sts-denied`, and what `began` rejects with. */
export function certificateLogin(options: CertificateLoginOptions): CertificateLogin {
  const { authorities, clock, isEnded } = options
  const joinable = new Map<string, Begun>()
  return async claim => {
    const subject = authorities.verify(claim.certificate, clock.now())
    const { role, name } = roleOf(claim.user, options)
    checkTrust(role, subject, claim, options)
    const key = `${subject.fingerprint} ${claim.clientAddress} ${role.arn}`
    const known = joinable.get(key)
    if (known !== undefined && mayJoin(known.principal, clock) && !isEnded(known.principal)) {
      await known.recorded
      return known.principal
    }
    const principal = newPrincipal(role, name, subject, options)
    const recorded = options.began({ operation: 'AssumeRoleWithCertificate', principal }, claim)
    joinable.delete(key)
    joinable.set(key, { principal, recorded })
    forgetOldest(joinable)
    try {
      await recorded
    } catch (error) {
      // What was not recorded has not begun; whoever joined it meanwhile hears the same.
      if (joinable.get(key)?.principal === principal) joinable.delete(key)
      throw error
    }
    return principal
  }
}

function mayJoin({ issuedAtMs, expiresAtMs }: Principal, clock: Clock): boolean {
  const nowMs = clock.now()
  return nowMs < Math.min(issuedAtMs + JOIN_MS, expiresAtMs)
}

function forgetOldest(joinable: Map<string, Begun>): void {
  if (joinable.size <= MAX_JOINABLE) return
  const oldest = joinable.keys().next()
  if (oldest.done !== true) joinable.delete(oldest.value)
}

/** A role that is not there gets the very answer of one that does not trust the client. */
function roleOf(
  user: string,
  { roles }: CertificateLoginOptions,
): { readonly role: AssumableRole; readonly name: RoleName } {
  const [role, ...others] = [...roles.values()].filter(({ arn }) => meansRole(user, arn))
  const name = role && parseRoleArn(role.arn)
  if (role === undefined || name === undefined) throw denied('the gate has no role of this name or ARN')
  if (others.length > 0)
    throw denied('several roles of the gate have this name: the user must be the ARN of one')
  return { role, name }
}

function checkTrust(
  role: AssumableRole,
  subject: CertifiedSubject,
  claim: DatabaseClaim,
  { issuer, trusts, connection }: CertificateLoginOptions,
): void {
  const { clientAddress, secure } = claim
  const context = trustContext(subject, issuer, connection({ clientAddress, secure }))
  const answer = trusts(role.arn, { action: ACTION, federated: [issuer], context })
  if (!answer.allowed) throw denied(answer.reason)
}

/** What the gate knows itself comes last: nothing in a certificate can take the place of another key. */
function trustContext(subject: CertifiedSubject, issuer: string, connection: Context): Context {
  const context = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(claimsOf(subject))) {
    context.set(`gate:claim/${name}`, typeof value === 'string' ? [value] : value)
  }
  for (const [key, values] of connection) context.set(key, values)
  context.set('gate:issuer', [issuer])
  context.set('gate:subject', [subject.subject])
  context.set('sts:rolesessionname', [sessionName(subject)])
  return context
}

/** Kept in the session, for `gate:Claim/NAME`. */
function claimsOf({ commonName, uris, dnsNames, serial, fingerprint }: CertifiedSubject): Claims {
  return {
    ...(commonName === undefined ? {} : { cn: commonName }),
    ...(uris.length === 0 ? {} : { uri: uris }),
    ...(dnsNames.length === 0 ? {} : { dns: dnsNames }),
    serial,
    fingerprint,
  }
}

type Claims = Readonly<Record<string, string | readonly string[]>>

function newPrincipal(
  role: AssumableRole,
  name: RoleName,
  subject: CertifiedSubject,
  { issuer, clock, random }: CertificateLoginOptions,
): Principal {
  const issuedAtMs = clock.now()
  const called = sessionName(subject)
  return {
    arn: sessionArn(name, called),
    roleArn: role.arn,
    account: name.account,
    sessionName: called,
    sessionId: newId(clock, random),
    issuer,
    subject: subject.subject,
    claims: claimsOf(subject),
    tags: {},
    actingFor: [],
    issuedAtMs,
    expiresAtMs: Math.min(subject.notAfterMs, issuedAtMs + role.maxSessionMs),
  }
}

/** The subject in the characters that a session may be called by; a URI without its scheme. */
function sessionName({ subject }: CertifiedSubject): string {
  const clean = subject.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/*/, '').replace(/[^\w+=,.@-]/g, '-')
  return clean.slice(-MAX_NAME_CHARS).padEnd(2, '-')
}

/** The client hears that it is not known; the reason is for the operator. */
function denied(reason: string): GateError {
  return new GateError('sts-denied', `not authorized to perform ${ACTION}`, { cause: new Error(reason) })
}
