import type { PairDetails } from '../answer.ts'
import { bucketKind, normalAccessPointArn } from '../routing/bucket.ts'
import { ownArn, type RuleCall } from './rule.ts'

/** A resource of S3 as a pair names it. */
export interface S3Resource {
  readonly arn: string
  readonly details: PairDetails
}

/**
 * What a bucket's name stands for, or an object in it. Which bucket is behind an access point only AWS
 * knows, so a Deny on any bucket that it could be holds for it, too.
 * @throws GateError `bucket-name-invalid`
 */
export function s3Resource(call: RuleCall, bucket: string, key?: string): S3Resource {
  const { partition } = call.caller
  const behind = key === undefined ? `arn:${partition}:s3:::*` : `arn:${partition}:s3:::*/${key}`
  switch (bucketKind(bucket)) {
    case 'bucket': {
      const arn = `arn:${partition}:s3:::${bucket}`
      return { arn: key === undefined ? arn : `${arn}/${key}`, details: {} }
    }
    case 'directory':
      return { arn: directoryBucketArn(call, bucket), details: {} }
    case 'access-point': {
      const arn = normalAccessPointArn(bucket)
      return { arn: key === undefined ? arn : `${arn}/object/${key}`, details: { orAs: [behind] } }
    }
    case 'alias': {
      const arn = `arn:${partition}:s3:*:*:accesspoint/*`
      return {
        arn: key === undefined ? arn : `${arn}/object/${key}`,
        details: { certainty: 'any', orAs: [behind] },
      }
    }
  }
}

/** `arn:aws:s3express:REGION:ACCOUNT:bucket/NAME--ZONE--x-s3` */
export function directoryBucketArn(call: RuleCall, bucket: string): string {
  return ownArn(call, 's3express', `bucket/${bucket}`)
}
