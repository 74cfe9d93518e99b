import { PLAIN_KEYS } from './plain-keys.ts'

/**
 * Condition keys that hand-written rules tell, beside the plain ones. A name that ends with `/` or `:`
 * stands for all that begin so. Some are told by being absent: `kms:ViaService` is never there, because no
 * call through the gate is made by an AWS service.
 */
const RULE_KEYS: readonly string[] = [
  'aws:RequestTag/',
  'aws:TagKeys',
  'bedrock:GuardrailIdentifier',
  'dynamodb:EnclosingOperation',
  'ec2:AssociatePublicIpAddress',
  'ec2:Attribute',
  'ec2:Attribute/',
  'ec2:AvailabilityZone',
  'ec2:CreateAction',
  'ec2:EbsOptimized',
  'ec2:Encrypted',
  'ec2:ImageID',
  'ec2:InstanceType',
  'ec2:KeyPairName',
  'ec2:MetadataHttpEndpoint',
  'ec2:MetadataHttpPutResponseHopLimit',
  'ec2:MetadataHttpTokens',
  'ec2:Tenancy',
  'ec2:VolumeIops',
  'ec2:VolumeSize',
  'ec2:VolumeThroughput',
  'ec2:VolumeType',
  'iam:PassedToService',
  'kms:CallerAccount',
  'kms:EncryptionContext:',
  'kms:EncryptionContextKeys',
  'kms:GrantIsForAWSResource',
  'kms:KeyOrigin',
  'kms:KeySpec',
  'kms:KeyUsage',
  'kms:MultiRegion',
  'kms:ReEncryptOnSameKey',
  'kms:RequestAlias',
  'kms:ViaService',
  'rds:req-tag/',
  's3:RequestObjectTag/',
  's3:RequestObjectTagKeys',
  's3:authType',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:locationconstraint',
  's3:max-keys',
  's3:object-lock-legal-hold',
  's3:object-lock-mode',
  's3:object-lock-retain-until-date',
  's3:prefix',
  's3:signatureversion',
  's3:versionid',
  's3:x-amz-acl',
  's3:x-amz-copy-source',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
  's3:x-amz-metadata-directive',
  's3:x-amz-object-ownership',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-server-side-encryption-customer-algorithm',
  's3:x-amz-storage-class',
  's3:x-amz-website-redirect-location',
  's3express:SessionMode',
]

const EXACT: ReadonlySet<string> = new Set(
  [...RULE_KEYS.filter(name => !isPrefix(name)), ...Object.values(PLAIN_KEYS).flatMap(Object.keys)].map(
    name => name.toLowerCase(),
  ),
)
const PREFIXES: readonly string[] = RULE_KEYS.filter(isPrefix).map(name => name.toLowerCase())

function isPrefix(name: string): boolean {
  return name.endsWith('/') || name.endsWith(':')
}

/** True for a condition key of a service that the gate tells from the requests that have it. */
export function isKnownKey(key: string): boolean {
  const lower = key.toLowerCase()
  return EXACT.has(lower) || PREFIXES.some(prefix => lower.startsWith(prefix) && lower !== prefix)
}
