import type { Answer, PairDetails } from '../answer.ts'
import { pairContext } from '../answer.ts'
import { bucketKind } from '../routing/bucket.ts'
import { objectsAt, textAt } from '../values.ts'
import { forAll, type RuleCall, type ServiceRules } from './rule.ts'
import {
  BUCKET_ACTIONS,
  EXPRESS_BUCKET_ACTIONS,
  EXPRESS_READS,
  OBJECT_ACTIONS,
  type ObjectActions,
} from './s3-actions.ts'
import { readCopySource } from './s3-copy-source.ts'
import { addS3Keys } from './s3-keys.ts'
import { directoryBucketArn, s3Resource } from './s3-resources.ts'

const READ: ObjectActions = { plain: ['s3:GetObject'], versioned: ['s3:GetObjectVersion'] }

/** Headers that set an access control list. */
const ACL_MEMBERS = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP']

/** Operations that make an object and may set more than its bytes. */
const MAKES_OBJECT: ReadonlySet<string> = new Set(['CopyObject', 'CreateMultipartUpload', 'PutObject'])

function bucketOf(call: RuleCall): string {
  return textAt(call.parameters, 'Bucket') ?? ''
}

function isDirectory(bucket: string): boolean {
  return bucketKind(bucket) === 'directory'
}

/** An action on a bucket or an object in it. */
function ask(
  call: RuleCall,
  answer: Answer,
  action: string,
  key?: string,
  bucket: string = bucketOf(call),
): void {
  const { arn, details } = s3Resource(call, bucket, key)
  answer.pair(action, arn, details)
}

/**
 * On a directory bucket: an action of its own, or what a session may do (S3 User Guide, "Authorizing
 * Zonal endpoint API operations with CreateSession").
 */
function askExpress(call: RuleCall, answer: Answer, operation: string, bucket: string): void {
  const own = EXPRESS_BUCKET_ACTIONS.get(operation)
  const arn = directoryBucketArn(call, bucket)
  if (own !== undefined) {
    answer.pair(own, arn)
    return
  }
  const mode = EXPRESS_READS.has(operation) ? 'ReadOnly' : 'ReadWrite'
  answer.pair('s3express:CreateSession', arn, { context: pairContext({ 's3express:SessionMode': mode }) })
}

function askBucket(call: RuleCall, answer: Answer): void {
  addS3Keys(call, answer)
  const bucket = bucketOf(call)
  if (isDirectory(bucket)) {
    askExpress(call, answer, call.operation, bucket)
    return
  }
  const action = BUCKET_ACTIONS.get(call.operation)
  if (action !== undefined) ask(call, answer, action)
  if (call.operation === 'CreateBucket') askMadeBucket(call, answer)
}

/** What a new bucket is given needs the permission that giving it later would need. */
function askMadeBucket(call: RuleCall, answer: Answer): void {
  const { parameters } = call
  if (setsAcl(call)) ask(call, answer, 's3:PutBucketAcl')
  if (textAt(parameters, 'ObjectLockEnabledForBucket') === 'true') {
    ask(call, answer, 's3:PutBucketObjectLockConfiguration')
    ask(call, answer, 's3:PutBucketVersioning')
  }
  if (textAt(parameters, 'ObjectOwnership') !== undefined) ask(call, answer, 's3:PutBucketOwnershipControls')
  if (objectsAt(parameters, 'CreateBucketConfiguration.Tags[]').length > 0) {
    ask(call, answer, 's3:TagResource')
  }
}

function setsAcl({ parameters }: RuleCall): boolean {
  return ACL_MEMBERS.some(member => textAt(parameters, member) !== undefined)
}

function askObject(call: RuleCall, answer: Answer): void {
  addS3Keys(call, answer)
  const bucket = bucketOf(call)
  const key = textAt(call.parameters, 'Key') ?? ''
  const versioned = textAt(call.parameters, 'VersionId') !== undefined
  if (isDirectory(bucket)) askExpress(call, answer, call.operation, bucket)
  else {
    const actions = OBJECT_ACTIONS.get(call.operation)
    for (const action of (versioned ? actions?.versioned : actions?.plain) ?? []) {
      ask(call, answer, action, key)
    }
    askExtras(call, answer, key)
  }
  askSource(call, answer)
}

/** What a write sets beside the object's bytes. */
function askExtras(call: RuleCall, answer: Answer, key: string): void {
  const has = (member: string): boolean => textAt(call.parameters, member) !== undefined
  if (MAKES_OBJECT.has(call.operation)) {
    if (setsAcl(call)) ask(call, answer, 's3:PutObjectAcl', key)
    if (has('Tagging')) ask(call, answer, 's3:PutObjectTagging', key)
    if (has('ObjectLockMode') || has('ObjectLockRetainUntilDate')) {
      ask(call, answer, 's3:PutObjectRetention', key)
    }
    if (has('ObjectLockLegalHoldStatus')) ask(call, answer, 's3:PutObjectLegalHold', key)
  }
  if (bypassesGovernance(call)) ask(call, answer, 's3:BypassGovernanceRetention', key)
  const output = textAt(call.parameters, 'RestoreRequest.OutputLocation.S3.BucketName')
  if (output !== undefined) {
    const prefix = textAt(call.parameters, 'RestoreRequest.OutputLocation.S3.Prefix') ?? ''
    const { arn, details } = s3Resource(call, output, `${prefix}*`)
    answer.pair('s3:PutObject', arn, { ...details, certainty: 'any' })
  }
}

function bypassesGovernance({ parameters }: RuleCall): boolean {
  return textAt(parameters, 'BypassGovernanceRetention') === 'true'
}

/** A copy reads its source; a rename takes it away from a directory bucket. */
function askSource(call: RuleCall, answer: Answer): void {
  const text = textAt(call.parameters, 'CopySource')
  if (text === undefined) return
  const { bucket, key, versionId } = readCopySource(text)
  if (isDirectory(bucket)) {
    askExpress(call, answer, 'GetObject', bucket)
    return
  }
  for (const action of versionId === undefined ? READ.plain : READ.versioned) {
    const { arn, details } = s3Resource(call, bucket, key)
    const context = versionId === undefined ? {} : { context: pairContext({ 's3:versionid': versionId }) }
    answer.pair(action, arn, { ...details, ...context })
  }
}

/** Each object is a pair of its own, with its version. */
function askDeletes(call: RuleCall, answer: Answer): void {
  addS3Keys(call, answer)
  const bucket = bucketOf(call)
  if (isDirectory(bucket)) {
    askExpress(call, answer, 'DeleteObjects', bucket)
    return
  }
  for (const object of objectsAt(call.parameters, 'Delete.Objects[]')) {
    const version = textAt(object, 'VersionId')
    const { arn, details } = s3Resource(call, bucket, textAt(object, 'Key') ?? '')
    const context: PairDetails =
      version === undefined ? {} : { context: pairContext({ 's3:versionid': version }) }
    const action = version === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
    answer.pair(action, arn, { ...details, ...context })
    if (bypassesGovernance(call)) answer.pair('s3:BypassGovernanceRetention', arn, details)
  }
  // A list without objects deletes nothing, but is still a call that has to be allowed.
  if (answer.isEmpty)
    answer.pair('s3:DeleteObject', `${s3Resource(call, bucket).arn}/*`, { certainty: 'any' })
}

/** A session of a directory bucket; without a mode AWS gives the wider one. */
function askSession(call: RuleCall, answer: Answer): void {
  addS3Keys(call, answer)
  const mode = textAt(call.parameters, 'SessionMode') ?? 'ReadWrite'
  answer.pair('s3express:CreateSession', directoryBucketArn(call, bucketOf(call)), {
    context: pairContext({ 's3express:SessionMode': mode }),
  })
}

export const S3_RULES: ServiceRules = {
  ...forAll([...BUCKET_ACTIONS.keys()], askBucket),
  ...forAll([...OBJECT_ACTIONS.keys()], askObject),
  CreateSession: askSession,
  DeleteObjects: askDeletes,
  ListBuckets: (_call, answer) => answer.pair('s3:ListAllMyBuckets', '*'),
  ListDirectoryBuckets: (_call, answer) => answer.pair('s3express:ListAllMyDirectoryBuckets', '*'),
}
