/**
 * What a certificate says, beside what Node's own class tells: the names in it as they are, not as text to be split again, and
 * which of its extensions are critical.
 * https://www.rfc-editor.org/rfc/rfc5280 (4.1, 4.2)
 */
import { DerError, type DerValue, readOnly, readValues, TAG, valuesIn } from './der.ts'

/** Nothing of it is verified. */
export interface CertificateFacts {
  /** Hex of the OID's body. */
  readonly signatureAlgorithm: string
  /** Each `CN` of the subject. */
  readonly commonNames: readonly string[]
  /** Of the alternative names of the subject, in order. */
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  /** Hex of the OIDs' bodies; undefined where the extension is not there. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** Whether the key may make signatures; undefined where the extension is not there. */
  readonly maySign: boolean | undefined
  /** Hex of the OIDs' bodies, of all extensions and of the critical ones. */
  readonly extensions: ReadonlySet<string>
  readonly critical: ReadonlySet<string>
}

/** OIDs, the hex of their bodies. */
export const OID = {
  commonName: '550403',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  extendedKeyUsage: '551d25',
  clientAuth: '2b06010505070302',
} as const

const VERSION = 0xa0
const EXTENSIONS = 0xa3
/** `[2]` and `[6]` of GeneralName, both an IA5String. */
const DNS_NAME = 0x82
const URI = 0x86

const ASCII = /^[\x20-\x7e]*$/

/** Reads a certificate. Throws `DerError`. */
export function readCertificate(der: Buffer): CertificateFacts {
  const [tbs, algorithm] = readValues(readOnly(der, TAG.sequence))
  const fields = valuesIn(tbs, TAG.sequence)
  // version, serial, signature, issuer, validity, subject, key; then what may be left out.
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4]
  const extensions = readExtensions(fields.find(({ tag }) => tag === EXTENSIONS))
  const names = readAltNames(extensions.get(OID.subjectAltName)?.value)
  return {
    signatureAlgorithm: oidOf(valuesIn(algorithm, TAG.sequence)[0]),
    commonNames: readCommonNames(subject),
    uris: names.filter(({ tag }) => tag === URI).map(textOf),
    dnsNames: names.filter(({ tag }) => tag === DNS_NAME).map(textOf),
    extendedKeyUsage: readUsages(extensions.get(OID.extendedKeyUsage)?.value),
    maySign: readMaySign(extensions.get(OID.keyUsage)?.value),
    extensions: new Set(extensions.keys()),
    critical: new Set([...extensions].filter(([, { critical }]) => critical).map(([oid]) => oid)),
  }
}

interface Extension {
  readonly critical: boolean
  /** DER within DER. */
  readonly value: Buffer
}

function readExtensions(field: DerValue | undefined): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>()
  if (field === undefined) return found
  for (const each of readValues(readOnly(field.body, TAG.sequence))) {
    const parts = valuesIn(each, TAG.sequence)
    const oid = oidOf(parts[0])
    const value = parts.at(-1)
    const flag = parts.length === 3 ? parts[1] : undefined
    if (
      value?.tag !== TAG.octetString ||
      parts.length > 3 ||
      (flag !== undefined && flag.tag !== TAG.boolean)
    ) {
      throw new DerError('an extension in no good form')
    }
    if (found.has(oid)) throw new DerError('an extension twice')
    found.set(oid, { critical: flag !== undefined && flag.body[0] !== 0, value: value.body })
  }
  return found
}

function readCommonNames(subject: DerValue | undefined): readonly string[] {
  return valuesIn(subject, TAG.sequence)
    .flatMap(set => valuesIn(set, TAG.set))
    .map(attribute => valuesIn(attribute, TAG.sequence))
    .filter(([type]) => oidOf(type) === OID.commonName)
    .map(([, value]) => readString(value))
}

/** A text in one of the three forms that everybody reads alike. */
function readString(value: DerValue | undefined): string {
  if (value?.tag === TAG.printable || value?.tag === TAG.ia5) return textOf(value)
  if (value?.tag !== TAG.utf8) throw new DerError('a common name in a form of text that is not read')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.body)
  } catch (cause) {
    throw new DerError('a common name that is not UTF-8', { cause })
  }
}

function readAltNames(extension: Buffer | undefined): readonly DerValue[] {
  return extension === undefined ? [] : readValues(readOnly(extension, TAG.sequence))
}

function readUsages(extension: Buffer | undefined): readonly string[] | undefined {
  return extension === undefined ? undefined : readValues(readOnly(extension, TAG.sequence)).map(oidOf)
}

/** `digitalSignature` is the first bit, behind the byte that counts the unused ones. */
function readMaySign(extension: Buffer | undefined): boolean | undefined {
  if (extension === undefined) return undefined
  return ((readOnly(extension, TAG.bitString)[1] ?? 0) & 0x80) !== 0
}

function oidOf(value: DerValue | undefined): string {
  if (value?.tag !== TAG.oid || value.body.length === 0) throw new DerError('no OID where one must be')
  return value.body.toString('hex')
}

function textOf({ body }: DerValue): string {
  const text = body.toString('latin1')
  if (!ASCII.test(text)) throw new DerError('a name that is not ASCII')
  return text
}
