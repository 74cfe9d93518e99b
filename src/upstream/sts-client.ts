import type { STSClient, STSClientConfig } from '@aws-sdk/client-sts'
import { GateError } from '../core/errors.ts'
import type { CallAssumeRole } from './assume-role.ts'
import type { Lease } from './lease.ts'
import type { RoleSource } from './settings.ts'

/** What the SDK signs with. */
type AwsCredentialIdentity = Awaited<ReturnType<Extract<STSClientConfig['credentials'], () => unknown>>>

const CONNECT_MS = 5_000
const REQUEST_MS = 15_000

export interface StsPorts {
  /** The STS endpoint of a region, as a URL. Always given, so that the gate's own `AWS_ENDPOINT_URL` has no say. */
  readonly endpoint: (region: string) => string
  /** The gate's own credentials, cached. */
  readonly base: (source: RoleSource) => Promise<Lease>
}

/** AssumeRole by the AWS SDK, which is loaded at the first lease; one client a source and region. */
export function sdkAssumeRole(ports: StsPorts): CallAssumeRole & { close(): void } {
  const clients = new Map<string, STSClient>()
  const call: CallAssumeRole = async (source, input) => {
    const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
    const key = `${source.credentials} ${source.profile ?? ''} ${source.region}`
    let client = clients.get(key)
    if (client === undefined) {
      client = new STSClient({
        region: source.region,
        endpoint: ports.endpoint(source.region),
        credentials: async () => revealed(await ports.base(source)),
        requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
        maxAttempts: 3,
      })
      clients.set(key, client)
    }
    const { Credentials: found } = await client.send(new AssumeRoleCommand(input))
    if (found?.AccessKeyId === undefined || found.SecretAccessKey === undefined) {
      throw new GateError('lease-unavailable', 'the STS endpoint answered without credentials')
    }
    return {
      accessKeyId: found.AccessKeyId,
      secretAccessKey: found.SecretAccessKey,
      sessionToken: found.SessionToken,
      expiration: found.Expiration,
    }
  }
  const close = (): void => {
    for (const client of clients.values()) client.destroy()
  }
  return Object.assign(call, { close })
}

/** In the form that the SDK signs with; stays within this file. */
function revealed(lease: Lease): AwsCredentialIdentity {
  return {
    accessKeyId: lease.accessKeyId,
    secretAccessKey: lease.secretAccessKey.reveal(),
    ...(lease.sessionToken === undefined ? {} : { sessionToken: lease.sessionToken.reveal() }),
    // The lease cache decides on renewal: the SDK is made to ask it at each call.
    expiration: new Date(0),
  }
}
