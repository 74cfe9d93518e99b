import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Principal } from '../core/principal.ts'
import type { GateCredentials, IssuedCredentials } from './credentials.ts'

/** Life of an S3 Express session, as AWS's: five minutes. */
export const EXPRESS_SESSION_MS = 300_000

/** Directory buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html */
const DIRECTORY_BUCKET = /^[a-z0-9][a-z0-9-]{1,61}--x-s3$/

/**
 * The gate's own answer to an allowed `CreateSession`: credentials for one directory bucket, that open to
 * the same principal. The upstream's session stays in the gate. It ends with the principal's own session
 * at the latest. The client signs with the service name `s3express` and sends the token as
 * `x-amz-s3session-token`. A `SessionMode` of `ReadOnly` is refused: a session that only seemed to be
 * narrower than its principal would be worse than none. Throws `sts-parameter-invalid`.
 */
export function issueExpressSession(
  credentials: GateCredentials,
  clock: Clock,
  principal: Principal,
  bucket: string,
  mode: Json = 'ReadWrite',
): IssuedCredentials {
  if (!DIRECTORY_BUCKET.test(bucket)) {
    throw new GateError('sts-parameter-invalid', `\`${bucket}\` is not the name of a directory bucket`)
  }
  if (mode !== 'ReadWrite') {
    throw new GateError(
      'sts-parameter-invalid',
      'the gate has no S3 Express sessions but of mode `ReadWrite`',
    )
  }
  const expiresAtMs = Math.min(principal.expiresAtMs, clock.now() + EXPRESS_SESSION_MS)
  return credentials.issue({ principal: { ...principal, expiresAtMs }, expressBucket: bucket })
}
