import { type KeyObject, X509Certificate } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { type CertificateFacts, OID, readCertificate } from './certificate.ts'

/** Whom a verified certificate names. */
export interface CertifiedSubject {
  /** The first URI of its alternative names, else its one common name; 1 to 255 printable characters. */
  readonly subject: string
  readonly commonName: string | undefined
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  /** Hex, upper case. */
  readonly serial: string
  /** SHA-256 of the certificate, hex, lower case. */
  readonly fingerprint: string
  readonly notAfterMs: number
}

interface Authority {
  readonly certificate: X509Certificate
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

const MAX_CERTIFICATE_BYTES = 16 * 1024
const MAX_AUTHORITIES = 100
const MAX_SUBJECT_CHARS = 255
const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g

/** RSA, ECDSA with SHA-256, 384 and 512; Ed25519 and Ed448. */
const ALGORITHMS: ReadonlySet<string> = new Set([
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010d',
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  '2b6570',
  '2b6571',
])

/** Extensions whose meaning is minded here, or cannot change who somebody is. */
const KNOWN: ReadonlySet<string> = new Set([
  OID.keyUsage,
  OID.subjectAltName,
  OID.basicConstraints,
  OID.extendedKeyUsage,
])

const CONTROL = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u
const URI_FORM = /^[A-Za-z][A-Za-z0-9+.-]*:/

/**
 * The authorities whose word on clients is taken. Each of them vouches directly: whoever has intermediate authorities
 * configures those. There is no look-up of what was revoked; certificates of clients should be short-lived.
 */
export class ClientAuthorities {
  readonly #authorities: readonly Authority[]

  /** Of PEM. Throws `client-authorities-unusable`. */
  constructor(pem: string) {
    const texts = pem.match(PEM) ?? []
    if (texts.length !== pem.split('-----BEGIN CERTIFICATE').length - 1)
      throw unusable('one of them is no good PEM')
    if (texts.length === 0 || texts.length > MAX_AUTHORITIES) {
      throw unusable(`there are ${texts.length} certificates in it; expected 1 to ${MAX_AUTHORITIES}`)
    }
    this.#authorities = texts.map(readAuthority)
  }

  /** Whom the certificate names, if one of the authorities vouches for it now. Throws `client-certificate-rejected`. */
  verify(der: Buffer, nowMs: number): CertifiedSubject {
    const { certificate, facts } = parse(der)
    const authority = this.#authorities.find(each => issued(each.certificate, certificate))
    if (authority === undefined) throw rejected('no authority of the gate has issued it')
    if (nowMs < authority.notBeforeMs || nowMs > authority.notAfterMs)
      throw rejected('its authority is out of date')
    const { notBeforeMs, notAfterMs } = lifeOf(certificate)
    if (nowMs < notBeforeMs)
      throw rejected(`it is not valid before \`${new Date(notBeforeMs).toISOString()}\``)
    if (nowMs >= notAfterMs) throw rejected(`it was valid until \`${new Date(notAfterMs).toISOString()}\``)
    checkUse(certificate, facts)
    const { uris, dnsNames, commonNames } = facts
    return {
      subject: subjectOf(facts),
      commonName: commonNames[0],
      ...{ uris, dnsNames, notAfterMs },
      serial: certificate.serialNumber,
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    }
  }
}

function readAuthority(text: string): Authority {
  let certificate: X509Certificate
  let facts: CertificateFacts
  try {
    certificate = new X509Certificate(text)
    facts = readCertificate(certificate.raw)
  } catch (cause) {
    throw unusable('one of them cannot be read', cause)
  }
  const name = certificate.subject.replaceAll('\n', ', ')
  if (!certificate.ca) throw unusable(`\`${name}\` is no authority`)
  if (facts.extensions.has(OID.nameConstraints)) {
    throw unusable(`\`${name}\` has name constraints, which the gate does not evaluate`)
  }
  return { certificate, ...lifeOf(certificate) }
}

/** By the names in both, the key's id, what the authority's key may be used for, and the signature. */
function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function parse(der: Buffer): { readonly certificate: X509Certificate; readonly facts: CertificateFacts } {
  if (der.length > MAX_CERTIFICATE_BYTES) throw rejected(`it exceeds ${MAX_CERTIFICATE_BYTES} bytes`)
  try {
    return { certificate: new X509Certificate(der), facts: readCertificate(der) }
  } catch (cause) {
    throw rejected('it cannot be read', cause)
  }
}

function lifeOf({ validFromDate, validToDate }: X509Certificate): Omit<Authority, 'certificate'> {
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }
}

/** What a certificate must be to speak for a client. */
function checkUse(certificate: X509Certificate, facts: CertificateFacts): void {
  if (certificate.ca) throw rejected('it is that of an authority')
  if (facts.extendedKeyUsage?.includes(OID.clientAuth) !== true)
    throw rejected('it is not for client authentication')
  if (facts.maySign === false) throw rejected('its key is not for signatures')
  if (!ALGORITHMS.has(facts.signatureAlgorithm))
    throw rejected('it is signed by an algorithm that is not taken')
  if (!isStrong(certificate.publicKey)) throw rejected('its key is too weak, or of a kind that is not taken')
  for (const oid of facts.critical) {
    if (!KNOWN.has(oid)) throw rejected('it has a critical extension that the gate does not know')
  }
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  switch (asymmetricKeyType) {
    case 'rsa':
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
    case 'ec':
      return ['prime256v1', 'secp384r1', 'secp521r1'].includes(asymmetricKeyDetails?.namedCurve ?? '')
    default:
      return asymmetricKeyType === 'ed25519' || asymmetricKeyType === 'ed448'
  }
}

/** URIs and common names are different sorts of names: one must not look like the other. */
function subjectOf({ uris, commonNames }: CertificateFacts): string {
  const [uri] = uris
  const [name, ...others] = commonNames
  if (uri === undefined && others.length > 0) throw rejected('it has several common names')
  if (uri !== undefined && !URI_FORM.test(uri)) throw rejected('its URI has no scheme')
  if (uri === undefined && name !== undefined && URI_FORM.test(name)) {
    throw rejected('its common name looks like a URI, and it has no URI as an alternative name')
  }
  const subject = uri ?? name ?? ''
  if (subject === '' || subject.length > MAX_SUBJECT_CHARS || CONTROL.test(subject)) {
    throw rejected(
      `it names nobody: its URI or common name must be 1 to ${MAX_SUBJECT_CHARS} printable characters`,
    )
  }
  return subject
}

function rejected(why: string, cause?: unknown): GateError {
  return new GateError('client-certificate-rejected', `the certificate of the client is not taken: ${why}`, {
    cause,
  })
}

function unusable(why: string, cause?: unknown): GateError {
  return new GateError('client-authorities-unusable', `the authorities for clients cannot be used: ${why}`, {
    cause,
  })
}
