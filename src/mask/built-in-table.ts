/*
 * What is masked by default although AWS does not mark it as sensitive. Found by going through the names of
 * all members of all outputs in the catalog; `docs/masks-built-in.md` lists what it comes to.
 *
 * Not in it, because the name only sounds like a secret: tokens of pages, of idempotency and of locks; ARNs,
 * ids and names of secrets; what is encrypted (`CiphertextBlob`, `PrivateKeyCiphertextBlob`); and what is
 * published anyway (tokens that stand in DNS). Not in it, because nobody can tell: free text that a person may
 * have written a secret into, such as tags, descriptions, `TemplateBody`, `ParameterValue` (AWS itself shows
 * those with `NoEcho` as asterisks) and `OutputValue` of CloudFormation. Detectors are for these.
 */

/** Members of any service that are secrets by this name, where they are texts or bytes. */
export const SECRET_NAMES: ReadonlySet<string> = new Set(
  `ADDomainJoinPassword APIKey AccessToken AuthToken AuthorizationToken AuthorizedUrl ClientSecret ConnectionToken
   CrossRealmTrustPrincipalPassword CustomerGatewayConfiguration HECToken IdToken KdcAdminPassword
   MasterUserPassword ParticipantToken Password PersonalPIN PlayerGatewayToken PreCoPassword PreSharedKey
   PresignedURL PrivateKey ProcurementPortalSharedSecret RefreshToken SecretAccessKey SecretBinary SecretKey
   SecretString SecretToken SessionToken SignedToken TokenValue UserData accessToken authKey authorizationToken
   grafanaToken idToken masterUserPassword password privateKey privateKeyBase64 refreshToken registrationToken
   secret secretAccessKey sessionToken signedBiUrl tokenValue`.split(/\s+/),
)

/** Where such a name means something else: `service.path`, by the end of the path. */
export const NO_SECRETS: readonly string[] = [
  // A path of a file in a container.
  'appmesh.file.privateKey',
  // `minutes`, `hours`, `days`.
  'cognito-idp.TokenValidityUnits.AccessToken',
  'cognito-idp.TokenValidityUnits.IdToken',
  'cognito-idp.TokenValidityUnits.RefreshToken',
  // It stands in DNS for everybody.
  'ec2.IpamExternalResourceVerificationToken.TokenValue',
  'ec2.IpamExternalResourceVerificationTokens[].TokenValue',
]

/** Environments of programs: maps of names to values, or lists of structures with a `value`. */
export const ENVIRONMENT_NAMES: ReadonlySet<string> = new Set(
  `AdditionalEnvironmentVariables ContainerEnvironmentVariables Environment EnvironmentOverride
   EnvironmentVariables RuntimeEnvironmentVariables Variables env environment environmentVariables
   exportedEnvironmentVariables`.split(/\s+/),
)

/** Presigned URLs: whoever has one needs no credentials. Of these only the signature is masked. */
export const PRESIGNED_NAME: RegExp =
  /^(?:\w{0,32}[pP]re[sS]igned\w{0,8}U(?:rl|RL)|[sS]igned(?:Url|URL)|\w{0,32}(?:[dD]ownload|[uU]pload)U(?:rl|RL|rls)|(?:testA|a|downloadA)rtifactsUrl)$/

/** What the names do not find. */
export interface TableEntry {
  readonly service: string
  /** A name; `*` in it stands for any run of characters. */
  readonly operation: string
  /** Patterns; one that an operation does not have is not of it. */
  readonly fields: readonly string[]
  /** Of these, only the signature of a URL is masked. */
  readonly presigned?: true
}

export const BY_OPERATION: readonly TableEntry[] = [
  { service: 'amplify', operation: 'CreateDeployment', fields: ['fileUploadUrls.*'], presigned: true },
  { service: 'apigateway', operation: '*ApiKey', fields: ['value'] },
  { service: 'apigateway', operation: 'GetApiKeys', fields: ['items[].value'] },
  { service: 'apigateway', operation: '*UsagePlanKey', fields: ['value'] },
  { service: 'apigateway', operation: 'GetUsagePlanKeys', fields: ['items[].value'] },
  // The id of an API key of AppSync is the key.
  { service: 'appsync', operation: '*ApiKey', fields: ['apiKey.id'] },
  { service: 'appsync', operation: 'ListApiKeys', fields: ['apiKeys[].id'] },
  { service: 'ec2', operation: 'DescribeInstanceAttribute', fields: ['UserData.Value'] },
  {
    service: 'eks',
    operation: '*',
    fields: ['subscription.licenses[].token', 'subscriptions[].licenses[].token'],
  },
  {
    service: 'elasticbeanstalk',
    operation: '*',
    fields: ['OptionSettings[].Value', 'ConfigurationSettings[].OptionSettings[].Value'],
  },
  { service: 'elbv2', operation: 'GetTrustStore*', fields: ['Location'], presigned: true },
  {
    service: 'glue',
    operation: 'GetConnection*',
    fields: [
      'Connection.ConnectionProperties.*PASSWORD*',
      'ConnectionList[].ConnectionProperties.*PASSWORD*',
    ],
  },
  {
    service: 'iot',
    operation: 'GetTopicRule',
    fields: ['rule.actions[].salesforce.token', 'rule.errorAction.salesforce.token'],
  },
  { service: 'lambda', operation: 'Get*', fields: ['Code.Location', 'Content.Location'], presigned: true },
  { service: 'license-manager', operation: 'CreateToken', fields: ['Token'] },
  { service: 'medialive', operation: '*', fields: ['**.HlsAkamaiSettings.Token'] },
  { service: 'mturk', operation: 'GetFileUploadURL', fields: ['FileUploadURL'], presigned: true },
  { service: 'pinpoint', operation: '*', fields: ['*.Credential'] },
  { service: 'qapps', operation: 'CreatePresignedUrl', fields: ['presignedUrlFields.*'] },
  { service: 'workmail', operation: 'AssumeImpersonationRole', fields: ['Token'] },
]

/**
 * Members that AWS marks and that are secrets only if the call asks for it: without `WithDecryption` Systems
 * Manager gives the ciphertext of a `SecureString`, and other types are settings (ids of machine images).
 */
export const ONLY_WITH: readonly {
  readonly service: string
  readonly parameter: string
  readonly operations: ReadonlySet<string>
}[] = [
  {
    service: 'ssm',
    parameter: 'WithDecryption',
    operations: new Set(['GetParameter', 'GetParameters', 'GetParametersByPath', 'GetParameterHistory']),
  },
]
