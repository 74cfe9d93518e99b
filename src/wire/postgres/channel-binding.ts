/**
 * The channel binding `tls-server-end-point`: the hash of the server's certificate, by the hash of its signature.
 * https://www.rfc-editor.org/rfc/rfc5929#section-4
 *
 *     Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, … }, … }       DER
 */
import { createHash } from 'node:crypto'

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06

/** The hash to take by the signature's algorithm; MD5 and SHA-1 count as SHA-256. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010104', 'sha256'], // md5WithRSAEncryption
  ['2a864886f70d010105', 'sha256'], // sha1WithRSAEncryption
  ['2a864886f70d01010e', 'sha224'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d0401', 'sha256'], // ecdsa-with-SHA1
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
])

/**
 * The binding to the connections of this certificate, in DER. Undefined where the RFC knows none (Ed25519, RSASSA-PSS):
 * then channel binding is not to be offered.
 */
export function endPointBinding(certificate: Buffer): Buffer | undefined {
  const oid = signatureOid(certificate)
  const algorithm = oid && HASHES.get(oid)
  return algorithm === undefined ? undefined : createHash(algorithm).update(certificate).digest()
}

function signatureOid(certificate: Buffer): string | undefined {
  const whole = element(certificate, 0, SEQUENCE)
  const signed = whole && element(certificate, whole.start, SEQUENCE)
  const algorithm = signed && element(certificate, signed.end, SEQUENCE)
  const oid = algorithm && element(certificate, algorithm.start, OBJECT_IDENTIFIER)
  return oid && certificate.toString('hex', oid.start, oid.end)
}

/** Where the contents of the element are that begins at `at`; undefined unless it has that tag and is there. */
function element(
  bytes: Buffer,
  at: number,
  tag: number,
): { readonly start: number; readonly end: number } | undefined {
  const first = bytes[at + 1]
  if (bytes[at] !== tag || first === undefined) return undefined
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const start = at + 2 + lengthBytes
  if (lengthBytes > 3 || first === 0x80 || start > bytes.length) return undefined
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
  return start + length > bytes.length ? undefined : { start, end: start + length }
}
