import { GateError } from '../../../core/errors.ts'
import { isAccountId, parseArn } from '../arn.ts'

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const ADDRESS = /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/

/**
 * What stands in the place of a bucket's name.
 * - `bucket`: a general purpose bucket
 * - `directory`: a bucket of S3 Express One Zone, `name--zone-id--x-s3`
 * - `alias`: an access point alias; which access point is not known
 * - `access-point`: a whole access point ARN
 */
export type BucketKind = 'bucket' | 'directory' | 'alias' | 'access-point'

/** Suffixes that S3 reserves: no bucket's name may end so. */
const ALIAS_SUFFIXES = ['-s3alias', '--ol-s3', '--xa-s3', '.mrap', '--table-s3']

/**
 * Checks a bucket's name by the rules that hold for new buckets (S3 User Guide, "General purpose bucket
 * naming rules"); names of before 2018 with capitals or underscores are refused.
 * @throws GateError `bucket-name-invalid`
 */
export function bucketKind(name: string): BucketKind {
  if (name.startsWith('arn:')) {
    if (isAccessPointArn(name)) return 'access-point'
    throw new GateError('bucket-name-invalid', 'the ARN in the place of the bucket is not an access point')
  }
  if (!BUCKET.test(name) || name.includes('..') || ADDRESS.test(name)) {
    throw new GateError('bucket-name-invalid', `\`${name.slice(0, 64)}\` is not the name of a bucket`)
  }
  if (name.endsWith('--x-s3')) return 'directory'
  return ALIAS_SUFFIXES.some(suffix => name.endsWith(suffix)) ? 'alias' : 'bucket'
}

const ACCESS_POINT = /^accesspoint[/:][a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/

function isAccessPointArn(text: string): boolean {
  const arn = parseArn(text)
  if (arn === undefined || arn.service !== 's3') return false
  return /^[a-z0-9-]{1,32}$/.test(arn.region) && isAccountId(arn.account) && ACCESS_POINT.test(arn.resource)
}

/** The ARN with a `/` before the access point's name, as policies write it. */
export function normalAccessPointArn(arn: string): string {
  return arn.replace(':accesspoint:', ':accesspoint/')
}
