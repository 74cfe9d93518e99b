import { NAMING_CLAIMS } from '../core/person.ts'
import type { Principal } from '../core/principal.ts'
import { principalKey } from '../grants/digest.ts'
import type { Requester } from '../grants/model.ts'

/** What of a principal is needed; standing access is asked for without a session. */
export type Asker = Omit<Principal, 'sessionId' | Unneeded> & Partial<Pick<Principal, 'sessionId'>>
type Unneeded = 'sessionName' | 'tags' | 'issuedAtMs' | 'expiresAtMs'

/** The principal as one who asks; under every name by which it, or one whom it acts for, could be known. */
export function requesterOf(digestKey: Buffer, principal: Asker): Requester {
  const {
    arn,
    roleArn,
    account,
    sessionId = '',
    issuer,
    subject,
    sourceIdentity,
    actingFor,
    claims,
  } = principal
  const known = new Set([subject])
  if (sourceIdentity !== undefined) known.add(sourceIdentity)
  for (const claim of NAMING_CLAIMS) {
    const value = claims[claim]
    if (typeof value === 'string' && value !== '') known.add(value)
  }
  return {
    arn,
    roleArn,
    account,
    sessionId,
    issuer,
    subject,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    actingFor,
    knownAs: [...known],
    principalKey: principalKey(digestKey, {
      issuer,
      subject,
      actingFor,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    }),
  }
}
