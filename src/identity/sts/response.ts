/**
 * Answers of the STS in the query protocol's XML (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html),
 * members in the order in which AWS writes them. This is the one place where issued secrets are revealed.
 */

import type { NameValue } from '../../core/http.ts'
import { isoSeconds, roleId } from '../context.ts'
import type { AssumedRole, CallerIdentity } from './sts.ts'

export const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** An answer that is ready to be sent. Its body holds secrets: it is never recorded. */
export interface StsResponse {
  readonly status: number
  readonly headers: readonly NameValue[]
  readonly body: Buffer
}

/** An element: its name, and its text or its children; absent ones are left out. */
type Element = readonly [name: string, content: string | number | readonly Element[] | undefined]

/** Writes the answer of a call that the gate's STS has done. */
export function writeStsResponse(result: AssumedRole | CallerIdentity, requestId: string): StsResponse {
  const { operation } = result
  const members = operation === 'GetCallerIdentity' ? writeCaller(result) : writeAssumed(result)
  const xml = write([
    [`${operation}Result`, members],
    ['ResponseMetadata', [['RequestId', requestId]]],
  ])
  const body = Buffer.from(`<${operation}Response xmlns="${STS_NAMESPACE}">${xml}</${operation}Response>`)
  return {
    status: 200,
    headers: [
      ['content-type', 'text/xml'],
      ['content-length', String(body.length)],
      ['x-amzn-requestid', requestId],
      ['cache-control', 'no-store'],
    ],
    body,
  }
}

function writeCaller(caller: CallerIdentity): readonly Element[] {
  return [
    ['UserId', caller.userId],
    ['Account', caller.account],
    ['Arn', caller.arn],
  ]
}

function writeAssumed({ principal, credentials, packedPolicySize, web }: AssumedRole): readonly Element[] {
  return [
    ['SubjectFromWebIdentityToken', web?.subject],
    ['Audience', web?.audience],
    [
      'AssumedRoleUser',
      [
        ['AssumedRoleId', `${roleId(principal.roleArn)}:${principal.sessionName}`],
        ['Arn', principal.arn],
      ],
    ],
    [
      'Credentials',
      [
        ['AccessKeyId', credentials.accessKeyId],
        ['SecretAccessKey', credentials.secretAccessKey.reveal()],
        ['SessionToken', credentials.sessionToken.reveal()],
        ['Expiration', isoSeconds(credentials.expiresAtMs)],
      ],
    ],
    ['PackedPolicySize', packedPolicySize],
    ['Provider', web?.provider],
    ['SourceIdentity', principal.sourceIdentity],
  ]
}

function write(elements: readonly Element[]): string {
  let xml = ''
  for (const [name, content] of elements) {
    if (content === undefined) continue
    const inner = typeof content === 'object' ? write(content) : escapeXml(String(content))
    xml += `<${name}>${inner}</${name}>`
  }
  return xml
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text for an element. What XML 1.0 has no way to write becomes U+FFFD. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, character => ENTITIES[character] ?? character)
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
}
