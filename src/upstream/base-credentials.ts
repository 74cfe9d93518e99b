import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import type { Lease } from './lease.ts'
import type { RoleSource } from './settings.ts'

/** Finds the gate's own credentials; throws `lease-unavailable`. */
export type BaseCredentials = (source: Pick<RoleSource, 'credentials' | 'profile'>) => Promise<Lease>

/** What the AWS SDK's providers give. */
export interface SdkCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

/** The SDK's credentials as a lease. */
export function asLease(found: SdkCredentials): Lease {
  return {
    accessKeyId: found.accessKeyId,
    secretAccessKey: new Redacted(found.secretAccessKey),
    ...(found.sessionToken === undefined ? {} : { sessionToken: new Redacted(found.sessionToken) }),
    ...(found.expiration === undefined ? {} : { expiresAtMs: found.expiration.getTime() }),
  }
}

/**
 * The gate's own credentials, from the environment or by the AWS SDK's provider chain, which is loaded
 * when it is first needed.
 */
export function systemBaseCredentials(env: NodeJS.ProcessEnv): BaseCredentials {
  return async ({ credentials, profile }) => {
    if (credentials === 'environment') return fromEnvironment(env)
    try {
      const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
      const provider = defaultProvider(profile === undefined ? {} : { profile })
      return asLease(await provider())
    } catch (cause) {
      const where = profile === undefined ? 'by the default provider chain' : `in the profile \`${profile}\``
      throw new GateError('lease-unavailable', `the gate found no credentials of its own ${where}`, { cause })
    }
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv): Lease {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId || !secretAccessKey) {
    throw new GateError(
      'lease-unavailable',
      'the gate found no `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in its environment',
    )
  }
  return asLease({ accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] })
}
