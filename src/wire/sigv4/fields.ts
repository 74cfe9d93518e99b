/** The fields of a signature, which header and query share. */
import { GateError } from '../../core/errors.ts'
import type { SigV4Limits } from './limits.ts'
import type { CredentialScope } from './messages.ts'
import { isSha256 } from './payload.ts'

const ACCESS_KEY_ID = /^[A-Za-z0-9_]{1,128}$/
const DATE = /^[0-9]{8}$/
const REGION = /^[a-z0-9-]{1,64}$/
/** `IoTSecuredTunneling` is the one signing name in mixed case. */
const SERVICE = /^[A-Za-z0-9-]{1,64}$/
const HEADER_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/

/** Reads `AKID/DATE/REGION/SERVICE/aws4_request`. Throws `signature-malformed`. */
export function readCredential(text: string): { accessKeyId: string; scope: CredentialScope } {
  const [accessKeyId, date, region, service, terminator, ...rest] = text.split('/', 6)
  const good =
    accessKeyId !== undefined &&
    ACCESS_KEY_ID.test(accessKeyId) &&
    date !== undefined &&
    DATE.test(date) &&
    region !== undefined &&
    REGION.test(region) &&
    service !== undefined &&
    SERVICE.test(service) &&
    terminator === 'aws4_request' &&
    rest.length === 0
  if (good) return { accessKeyId, scope: { date, region, service } }
  throw new GateError(
    'signature-malformed',
    'the credential is not of the form `KEY/DATE/REGION/SERVICE/aws4_request`',
  )
}

/** Reads `host;x-amz-date`: lower case, sorted, unique. Throws `signature-malformed`. */
export function readSignedHeaders(text: string, limits: SigV4Limits): readonly string[] {
  const names = text.split(';', limits.signedHeaders + 1)
  if (names.length > limits.signedHeaders) {
    throw new GateError('signature-malformed', `more than ${limits.signedHeaders} headers are signed`)
  }
  let before = ''
  for (const name of names) {
    if (!HEADER_NAME.test(name) || name <= before) {
      throw new GateError(
        'signature-malformed',
        'the signed headers are not lower-case names in order, each of them once',
      )
    }
    before = name
  }
  return names
}

/** Reads 64 lower-case hex digits. Throws `signature-malformed`. */
export function readSignatureHex(text: string): string {
  if (isSha256(text)) return text
  throw new GateError('signature-malformed', 'the signature is not 64 lower-case hex digits')
}

/** The scope's day must be the day of the signature. Throws `signature-malformed`. */
export function requireScopeDate(scope: CredentialScope, timestamp: string): void {
  if (timestamp.startsWith(scope.date)) return
  throw new GateError(
    'signature-malformed',
    `the credential is for the day \`${scope.date}\`, the signature of \`${timestamp}\``,
  )
}
