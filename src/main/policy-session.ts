import type { Asker, ExplainedRole } from '../cli/policy/ports.ts'
import { systemClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { connectionContext, mergeContexts } from '../gateway/context.ts'
import { principalContext } from '../identity/context.ts'
import type { PolicyLayer } from '../policy/decide.ts'

const ROLE = /^arn:[a-z-]{3,20}:iam::(\d{12}):role\/(?:[^*?\s]{0,500}\/)?([^/*?\s]{1,64})$/

/** Where no role is named, an account that AWS's own documentation uses. */
const SAMPLE_ROLE = 'arn:aws:iam::111122223333:role/sample'

/**
 * A session of a role as `policy explain` and `policy test` think it up: over TLS, now, by nobody in
 * particular. Keys of the caller that are not known are absent.
 * @throws GateError `role-unknown` where the text is no ARN of a role
 */
export function sampleSession(
  roleArn: string = SAMPLE_ROLE,
  layers: readonly PolicyLayer[],
  asker?: Asker,
): ExplainedRole {
  const [, account = '', name = ''] = ROLE.exec(roleArn) ?? []
  if (account === '') {
    throw new GateError('role-unknown', `\`${roleArn.slice(0, 100)}\` is not the ARN of a role`)
  }
  const nowMs = systemClock.now()
  const principal: Principal = {
    arn: `arn:${partitionOf(roleArn)}:sts::${account}:assumed-role/${name}/sample`,
    roleArn,
    account,
    sessionName: 'sample',
    sessionId: 'sample',
    issuer: asker?.issuer ?? '',
    subject: asker?.subject ?? '',
    claims: {},
    tags: {},
    actingFor: asker?.actingFor ?? [],
    ...(asker?.sourceIdentity === undefined ? {} : { sourceIdentity: asker.sourceIdentity }),
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
  }
  const connection = connectionContext(
    { clientAddress: asker?.clientAddress ?? '', secure: true },
    systemClock,
  )
  const context = mergeContexts(connection, principalContext(principal))
  const known = [...context].filter(([, values]) => values.some(value => value !== ''))
  return { principal, layers, context: new Map(known) }
}

export function partitionOf(roleArn: string): string {
  return roleArn.split(':')[1] ?? 'aws'
}
