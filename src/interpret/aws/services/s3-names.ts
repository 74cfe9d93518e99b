import type { PairDetails } from '../answer.ts'
import { bucketKind, normalAccessPointArn } from '../routing/bucket.ts'
import { ownArn, type RuleCall } from './rule.ts'

/** A resource of S3 as a pair has it. */
export interface S3Resource {
  readonly arn: string
  readonly details: PairDetails
}

const EXACT: PairDetails = {}

/** Which bucket is behind an access point only S3 knows: a Deny on any that it could be holds. */
function behind(call: RuleCall, key?: string): PairDetails {
  const bucket = `arn:${call.caller.partition}:s3:::*`
  return { orAs: [key === undefined ? bucket : `${bucket}/${key}`] }
}

/**
 * The ARN that S3 compares for a bucket. Buckets have neither region nor account in theirs; requests
 * through an access point are decided on the access point, and an alias does not tell which one it is.
 */
export function bucketResource(call: RuleCall, bucket: string): S3Resource {
  switch (bucketKind(bucket)) {
    case 'access-point':
      return { arn: normalAccessPointArn(bucket), details: behind(call) }
    case 'alias':
      return {
        arn: `arn:${call.caller.partition}:s3:*:*:accesspoint/*`,
        details: { certainty: 'any', ...behind(call) },
      }
    case 'directory':
      return { arn: ownArn(call, 's3express', `bucket/${bucket}`), details: EXACT }
    case 'bucket':
      return { arn: `arn:${call.caller.partition}:s3:::${bucket}`, details: EXACT }
  }
}

/** The ARN that S3 compares for an object. */
export function objectResource(call: RuleCall, bucket: string, key: string): S3Resource {
  switch (bucketKind(bucket)) {
    case 'access-point':
      return { arn: `${normalAccessPointArn(bucket)}/object/${key}`, details: behind(call, key) }
    case 'alias':
      return {
        arn: `arn:${call.caller.partition}:s3:*:*:accesspoint/*/object/${key}`,
        details: { certainty: 'any', ...behind(call, key) },
      }
    case 'directory':
      return bucketResource(call, bucket)
    case 'bucket':
      return { arn: `arn:${call.caller.partition}:s3:::${bucket}/${key}`, details: EXACT }
  }
}
