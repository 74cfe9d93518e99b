/**
 * What each operation of S3 needs, by S3's own table: "Required permissions for Amazon S3 API
 * operations" (S3 User Guide). Names differ from the operations' for a third of them.
 */

/** Operations on a bucket and their action. */
export const BUCKET_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['CreateBucket', 's3:CreateBucket'],
  ['CreateBucketMetadataConfiguration', 's3:CreateBucketMetadataTableConfiguration'],
  ['CreateBucketMetadataTableConfiguration', 's3:CreateBucketMetadataTableConfiguration'],
  ['DeleteBucket', 's3:DeleteBucket'],
  ['DeleteBucketAnalyticsConfiguration', 's3:PutAnalyticsConfiguration'],
  ['DeleteBucketCors', 's3:PutBucketCORS'],
  ['DeleteBucketEncryption', 's3:PutEncryptionConfiguration'],
  ['DeleteBucketIntelligentTieringConfiguration', 's3:PutIntelligentTieringConfiguration'],
  ['DeleteBucketInventoryConfiguration', 's3:PutInventoryConfiguration'],
  ['DeleteBucketLifecycle', 's3:PutLifecycleConfiguration'],
  ['DeleteBucketMetadataConfiguration', 's3:DeleteBucketMetadataTableConfiguration'],
  ['DeleteBucketMetadataTableConfiguration', 's3:DeleteBucketMetadataTableConfiguration'],
  ['DeleteBucketMetricsConfiguration', 's3:PutMetricsConfiguration'],
  ['DeleteBucketOwnershipControls', 's3:PutBucketOwnershipControls'],
  ['DeleteBucketPolicy', 's3:DeleteBucketPolicy'],
  ['DeleteBucketReplication', 's3:PutReplicationConfiguration'],
  ['DeleteBucketTagging', 's3:PutBucketTagging'],
  ['DeleteBucketWebsite', 's3:DeleteBucketWebsite'],
  ['DeletePublicAccessBlock', 's3:PutBucketPublicAccessBlock'],
  ['GetBucketAbac', 's3:GetBucketAbac'],
  ['GetBucketAccelerateConfiguration', 's3:GetAccelerateConfiguration'],
  ['GetBucketAcl', 's3:GetBucketAcl'],
  ['GetBucketAnalyticsConfiguration', 's3:GetAnalyticsConfiguration'],
  ['GetBucketCors', 's3:GetBucketCORS'],
  ['GetBucketEncryption', 's3:GetEncryptionConfiguration'],
  ['GetBucketIntelligentTieringConfiguration', 's3:GetIntelligentTieringConfiguration'],
  ['GetBucketInventoryConfiguration', 's3:GetInventoryConfiguration'],
  ['GetBucketLifecycle', 's3:GetLifecycleConfiguration'],
  ['GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration'],
  ['GetBucketLocation', 's3:GetBucketLocation'],
  ['GetBucketLogging', 's3:GetBucketLogging'],
  ['GetBucketMetadataConfiguration', 's3:GetBucketMetadataTableConfiguration'],
  ['GetBucketMetadataTableConfiguration', 's3:GetBucketMetadataTableConfiguration'],
  ['GetBucketMetricsConfiguration', 's3:GetMetricsConfiguration'],
  ['GetBucketNotification', 's3:GetBucketNotification'],
  ['GetBucketNotificationConfiguration', 's3:GetBucketNotification'],
  ['GetBucketOwnershipControls', 's3:GetBucketOwnershipControls'],
  ['GetBucketPolicy', 's3:GetBucketPolicy'],
  ['GetBucketPolicyStatus', 's3:GetBucketPolicyStatus'],
  ['GetBucketReplication', 's3:GetReplicationConfiguration'],
  ['GetBucketRequestPayment', 's3:GetBucketRequestPayment'],
  ['GetBucketTagging', 's3:GetBucketTagging'],
  ['GetBucketVersioning', 's3:GetBucketVersioning'],
  ['GetBucketWebsite', 's3:GetBucketWebsite'],
  ['GetObjectLockConfiguration', 's3:GetBucketObjectLockConfiguration'],
  ['GetPublicAccessBlock', 's3:GetBucketPublicAccessBlock'],
  ['HeadBucket', 's3:ListBucket'],
  ['ListBucketAnalyticsConfigurations', 's3:GetAnalyticsConfiguration'],
  ['ListBucketIntelligentTieringConfigurations', 's3:GetIntelligentTieringConfiguration'],
  ['ListBucketInventoryConfigurations', 's3:GetInventoryConfiguration'],
  ['ListBucketMetricsConfigurations', 's3:GetMetricsConfiguration'],
  ['ListMultipartUploads', 's3:ListBucketMultipartUploads'],
  ['ListObjectVersions', 's3:ListBucketVersions'],
  ['ListObjects', 's3:ListBucket'],
  ['ListObjectsV2', 's3:ListBucket'],
  ['PutBucketAbac', 's3:PutBucketAbac'],
  ['PutBucketAccelerateConfiguration', 's3:PutAccelerateConfiguration'],
  ['PutBucketAcl', 's3:PutBucketAcl'],
  ['PutBucketAnalyticsConfiguration', 's3:PutAnalyticsConfiguration'],
  ['PutBucketCors', 's3:PutBucketCORS'],
  ['PutBucketEncryption', 's3:PutEncryptionConfiguration'],
  ['PutBucketIntelligentTieringConfiguration', 's3:PutIntelligentTieringConfiguration'],
  ['PutBucketInventoryConfiguration', 's3:PutInventoryConfiguration'],
  ['PutBucketLifecycle', 's3:PutLifecycleConfiguration'],
  ['PutBucketLifecycleConfiguration', 's3:PutLifecycleConfiguration'],
  ['PutBucketLogging', 's3:PutBucketLogging'],
  ['PutBucketMetricsConfiguration', 's3:PutMetricsConfiguration'],
  ['PutBucketNotification', 's3:PutBucketNotification'],
  ['PutBucketNotificationConfiguration', 's3:PutBucketNotification'],
  ['PutBucketOwnershipControls', 's3:PutBucketOwnershipControls'],
  ['PutBucketPolicy', 's3:PutBucketPolicy'],
  ['PutBucketReplication', 's3:PutReplicationConfiguration'],
  ['PutBucketRequestPayment', 's3:PutBucketRequestPayment'],
  ['PutBucketTagging', 's3:PutBucketTagging'],
  ['PutBucketVersioning', 's3:PutBucketVersioning'],
  ['PutBucketWebsite', 's3:PutBucketWebsite'],
  ['PutObjectLockConfiguration', 's3:PutBucketObjectLockConfiguration'],
  ['PutPublicAccessBlock', 's3:PutBucketPublicAccessBlock'],
  ['UpdateBucketMetadataInventoryTableConfiguration', 's3:UpdateBucketMetadataInventoryTableConfiguration'],
  ['UpdateBucketMetadataJournalTableConfiguration', 's3:UpdateBucketMetadataJournalTableConfiguration'],
])

/** What an operation on an object needs; `versioned` holds where the request names a version. */
export interface ObjectActions {
  readonly plain: readonly string[]
  readonly versioned: readonly string[]
}

function same(action: string): ObjectActions {
  return { plain: [action], versioned: [action] }
}

function either(plain: string, versioned: string): ObjectActions {
  return { plain: [plain], versioned: [versioned] }
}

const READ = either('s3:GetObject', 's3:GetObjectVersion')

/** Operations on one object. `CopyObject` and `UploadPartCopy` read a source as well. */
export const OBJECT_ACTIONS: ReadonlyMap<string, ObjectActions> = new Map([
  ['AbortMultipartUpload', same('s3:AbortMultipartUpload')],
  ['CompleteMultipartUpload', same('s3:PutObject')],
  ['CopyObject', same('s3:PutObject')],
  ['CreateMultipartUpload', same('s3:PutObject')],
  ['DeleteObject', either('s3:DeleteObject', 's3:DeleteObjectVersion')],
  ['DeleteObjectTagging', either('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging')],
  ['GetObject', READ],
  ['GetObjectAcl', either('s3:GetObjectAcl', 's3:GetObjectVersionAcl')],
  [
    'GetObjectAttributes',
    {
      plain: ['s3:GetObject', 's3:GetObjectAttributes'],
      versioned: ['s3:GetObjectVersion', 's3:GetObjectVersionAttributes'],
    },
  ],
  ['GetObjectLegalHold', same('s3:GetObjectLegalHold')],
  ['GetObjectRetention', same('s3:GetObjectRetention')],
  ['GetObjectTagging', either('s3:GetObjectTagging', 's3:GetObjectVersionTagging')],
  ['GetObjectTorrent', either('s3:GetObjectTorrent', 's3:GetObjectVersionTorrent')],
  ['HeadObject', READ],
  ['ListParts', same('s3:ListMultipartUploadParts')],
  ['PutObject', same('s3:PutObject')],
  ['PutObjectAcl', either('s3:PutObjectAcl', 's3:PutObjectVersionAcl')],
  ['PutObjectLegalHold', same('s3:PutObjectLegalHold')],
  ['PutObjectRetention', same('s3:PutObjectRetention')],
  ['PutObjectTagging', either('s3:PutObjectTagging', 's3:PutObjectVersionTagging')],
  // Directory buckets alone have it; elsewhere it stays unmapped.
  ['RenameObject', { plain: [], versioned: [] }],
  ['RestoreObject', same('s3:RestoreObject')],
  ['SelectObjectContent', READ],
  ['UpdateObjectEncryption', same('s3:UpdateObjectEncryption')],
  ['UploadPart', same('s3:PutObject')],
  ['UploadPartCopy', same('s3:PutObject')],
])

/** Operations that an S3 Express session in `ReadOnly` mode may do (S3 User Guide, "CreateSession"). */
export const EXPRESS_READS: ReadonlySet<string> = new Set([
  'GetObject',
  'GetObjectAttributes',
  'HeadBucket',
  'HeadObject',
  'ListMultipartUploads',
  'ListObjectsV2',
  'ListParts',
])

/** Operations on a directory bucket that have an action of their own instead of a session. */
export const EXPRESS_BUCKET_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['CreateBucket', 's3express:CreateBucket'],
  ['DeleteBucket', 's3express:DeleteBucket'],
  ['DeleteBucketEncryption', 's3express:PutEncryptionConfiguration'],
  ['DeleteBucketInventoryConfiguration', 's3express:PutInventoryConfiguration'],
  ['DeleteBucketLifecycle', 's3express:PutLifecycleConfiguration'],
  ['DeleteBucketMetricsConfiguration', 's3express:PutMetricsConfiguration'],
  ['DeleteBucketPolicy', 's3express:DeleteBucketPolicy'],
  ['GetBucketEncryption', 's3express:GetEncryptionConfiguration'],
  ['GetBucketInventoryConfiguration', 's3express:GetInventoryConfiguration'],
  ['GetBucketLifecycleConfiguration', 's3express:GetLifecycleConfiguration'],
  ['GetBucketMetricsConfiguration', 's3express:GetMetricsConfiguration'],
  ['GetBucketPolicy', 's3express:GetBucketPolicy'],
  ['ListBucketInventoryConfigurations', 's3express:ListInventoryConfigurations'],
  ['ListBucketMetricsConfigurations', 's3express:ListMetricsConfigurations'],
  ['PutBucketEncryption', 's3express:PutEncryptionConfiguration'],
  ['PutBucketInventoryConfiguration', 's3express:PutInventoryConfiguration'],
  ['PutBucketLifecycleConfiguration', 's3express:PutLifecycleConfiguration'],
  ['PutBucketMetricsConfiguration', 's3express:PutMetricsConfiguration'],
  ['PutBucketPolicy', 's3express:PutBucketPolicy'],
])
