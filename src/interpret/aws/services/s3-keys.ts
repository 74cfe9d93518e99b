import type { Answer } from '../answer.ts'
import type { Parameters } from '../call.ts'
import { objectsAt, textAt, textsAt } from '../values.ts'
import type { RuleCall } from './rule.ts'
import { readTagging } from './tags.ts'

/** Condition keys of S3 that are headers or query parameters: key -> member. */
const KEYS: readonly (readonly [key: string, path: string])[] = [
  ['s3:delimiter', 'Delimiter'],
  ['s3:if-match', 'IfMatch'],
  ['s3:if-none-match', 'IfNoneMatch'],
  ['s3:locationconstraint', 'CreateBucketConfiguration.LocationConstraint'],
  ['s3:max-keys', 'MaxKeys'],
  ['s3:object-lock-legal-hold', 'ObjectLockLegalHoldStatus'],
  ['s3:object-lock-legal-hold', 'LegalHold.Status'],
  ['s3:object-lock-mode', 'ObjectLockMode'],
  ['s3:object-lock-mode', 'Retention.Mode'],
  ['s3:object-lock-retain-until-date', 'ObjectLockRetainUntilDate'],
  ['s3:object-lock-retain-until-date', 'Retention.RetainUntilDate'],
  ['s3:prefix', 'Prefix'],
  ['s3:versionid', 'VersionId'],
  ['s3:x-amz-acl', 'ACL'],
  ['s3:x-amz-copy-source', 'CopySource'],
  ['s3:x-amz-grant-full-control', 'GrantFullControl'],
  ['s3:x-amz-grant-read', 'GrantRead'],
  ['s3:x-amz-grant-read-acp', 'GrantReadACP'],
  ['s3:x-amz-grant-write', 'GrantWrite'],
  ['s3:x-amz-grant-write-acp', 'GrantWriteACP'],
  ['s3:x-amz-metadata-directive', 'MetadataDirective'],
  ['s3:x-amz-object-ownership', 'ObjectOwnership'],
  ['s3:x-amz-server-side-encryption', 'ServerSideEncryption'],
  ['s3:x-amz-server-side-encryption-aws-kms-key-id', 'SSEKMSKeyId'],
  ['s3:x-amz-server-side-encryption-customer-algorithm', 'SSECustomerAlgorithm'],
  ['s3:x-amz-storage-class', 'StorageClass'],
  ['s3:x-amz-website-redirect-location', 'WebsiteRedirectLocation'],
]

/**
 * Adds the condition keys of S3 (Service Authorization Reference, "Condition keys for Amazon S3").
 * @throws GateError `parameter-unclear`, `http-*` where the tagging header is not a form
 */
export function addS3Keys(call: RuleCall, answer: Answer): void {
  for (const [key, path] of KEYS) {
    const text = textAt(call.parameters, path)
    if (text !== undefined) answer.key(key, text)
  }
  answer.setKey('s3:signatureversion', 'AWS4-HMAC-SHA256')
  for (const [key, value] of objectTags(call.parameters)) {
    answer.key(`s3:RequestObjectTag/${key}`, value)
    answer.key('s3:RequestObjectTagKeys', key)
  }
}

/** Tags of an object: a header that is a form, or the body of `PutObjectTagging`. */
function objectTags(parameters: Parameters): readonly (readonly [string, string])[] {
  const header = textAt(parameters, 'Tagging')
  if (header !== undefined) return readTagging(header)
  if (textAt(parameters, 'Key') === undefined) return []
  return objectsAt(parameters, 'Tagging.TagSet[]').map(tag => [
    textsAt(tag, 'Key')[0] ?? '',
    textsAt(tag, 'Value')[0] ?? '',
  ])
}
