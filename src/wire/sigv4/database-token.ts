/**
 * Makes the password by which RDS takes credentials of IAM, and this gate its own: a presigned request, without its scheme,
 * that nobody sends.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
 */
import { Redacted } from '../../core/redacted.ts'
import { percentEncode } from '../http/percent.ts'
import type { SigningKeys } from './keys.ts'
import { EMPTY_SHA256 } from './messages.ts'
import { type Credentials, presign } from './sign.ts'

/** The signing name of tokens for databases. */
export const DATABASE_SERVICE = 'rds-db'

/** How long a token lets somebody in, seconds: RDS takes no other. */
const EXPIRES_SECONDS = 900

/** Whom the token is for, and where. */
export interface DatabaseTokenInput {
  /** Of the database, as it is known in the network; for the gate's own tokens also a target's name. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly region: string
  readonly credentials: Credentials
  readonly timeMs: number
}

/** The token: as good as a password for a quarter of an hour, or for as long as its credentials if that is less. */
export function makeDatabaseToken(input: DatabaseTokenInput, keys: SigningKeys): Redacted {
  const host = `${input.host.toLowerCase()}:${input.port}`
  const query = presign(
    {
      method: 'GET',
      path: '/',
      query: `Action=connect&DBUser=${percentEncode(input.user)}`,
      host,
      headers: [],
      region: input.region,
      service: DATABASE_SERVICE,
      credentials: input.credentials,
      timeMs: input.timeMs,
      payloadHash: EMPTY_SHA256,
    },
    EXPIRES_SECONDS,
    keys,
  )
  return new Redacted(`${host}/?${query}`)
}
