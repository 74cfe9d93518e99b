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
  `ADDomainJoinPassword APIKey AccessToken ActivationCode AppKey AppSKey AuthToken AuthorizationToken AuthorizedUrl
   BillingToken ClientSecret ConnectionToken CrossRealmTrustPrincipalPassword CustomerGatewayConfiguration
   DASHStreamingSessionURL FNwkSIntKey GenAppKey HECToken HLSStreamingSessionURL IdToken KdcAdminPassword
   MasterUserPassword NwkKey NwkSEncKey NwkSKey ParticipantToken Password PersonalPIN PlayerGatewayToken PreCoPassword PreSharedKey
   PresignedURL PrivateKey ProcurementPortalSharedSecret RefreshToken SecretAccessKey SecretBinary SecretKey
   SNwkSIntKey SecretString SecretToken SessionToken SignedToken StreamingURL TokenValue UnlockCode UserData
   UserInvitationUrl accessToken activationCode authKey authorizationToken
   grafanaToken idToken masterUserPassword password privateKey privateKeyBase64 refreshToken registrationToken
   secret secretAccessKey sessionToken signedBiUrl tokenValue userDataOverride`.split(/\s+/),
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
  { service: 'amplify', operation: 'GenerateAccessLogs', fields: ['logUrl'], presigned: true },
  { service: 'amplify', operation: 'GetArtifactUrl', fields: ['artifactUrl'], presigned: true },
  {
    service: 'amplify',
    operation: 'GetJob',
    fields: ['job.steps[].logUrl', 'job.steps[].testConfigUrl'],
    presigned: true,
  },
  // Whoever has it starts a build.
  { service: 'amplify', operation: '*Webhook*', fields: ['webhook.webhookUrl', 'webhooks[].webhookUrl'] },
  { service: 'apigateway', operation: '*ApiKey', fields: ['value'] },
  { service: 'apigateway', operation: 'GetApiKeys', fields: ['items[].value'] },
  { service: 'apigateway', operation: '*UsagePlanKey', fields: ['value'] },
  { service: 'apigateway', operation: 'GetUsagePlanKeys', fields: ['items[].value'] },
  // The id of an API key of AppSync is the key.
  { service: 'appsync', operation: '*ApiKey', fields: ['apiKey.id'] },
  { service: 'appsync', operation: 'ListApiKeys', fields: ['apiKeys[].id'] },
  { service: 'athena', operation: 'CreatePresignedNotebookUrl', fields: ['NotebookUrl'] },
  { service: 'athena', operation: 'GetResourceDashboard', fields: ['Url'] },
  {
    service: 'auditmanager',
    operation: 'GetAssessmentReportUrl',
    fields: ['preSignedUrl.link'],
    presigned: true,
  },
  {
    service: 'cognito-idp',
    operation: '*IdentityProvider*',
    fields: ['IdentityProvider.ProviderDetails.*secret*', 'IdentityProvider.ProviderDetails.*private_key*'],
  },
  {
    service: 'connect',
    operation: '*AttachedFile*',
    fields: ['DownloadUrlMetadata.Url', 'UploadUrlMetadata.Url'],
    presigned: true,
  },
  { service: 'connect', operation: 'GetFederationToken', fields: ['SignInUrl'] },
  { service: 'connectparticipant', operation: 'CreateParticipantConnection', fields: ['Websocket.Url'] },
  {
    service: 'connectparticipant',
    operation: '*Attachment*',
    fields: ['Url', 'UploadMetadata.Url'],
    presigned: true,
  },
  { service: 'customer-profiles', operation: 'GetUploadJobPath', fields: ['Url'], presigned: true },
  { service: 'dataexchange', operation: '*Job*', fields: ['**.ImportAssetFromApiGatewayApi.ApiKey'] },
  { service: 'datazone', operation: 'GetIamPortalLoginUrl', fields: ['authCodeUrl'] },
  { service: 'devicefarm', operation: 'ListArtifacts', fields: ['artifacts[].url'], presigned: true },
  // It has the key of BGP in it.
  { service: 'directconnect', operation: 'DescribeRouterConfiguration', fields: ['customerRouterConfig'] },
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
  {
    service: 'elasticbeanstalk',
    operation: 'RetrieveEnvironmentInfo',
    fields: ['EnvironmentInfo[].Message'],
    presigned: true,
  },
  { service: 'elbv2', operation: 'GetTrustStore*', fields: ['Location'], presigned: true },
  { service: 'emr-serverless', operation: 'GetDashboardForJobRun', fields: ['url'] },
  {
    service: 'glue',
    operation: 'GetConnection*',
    fields: [
      'Connection.ConnectionProperties.*PASSWORD*',
      'ConnectionList[].ConnectionProperties.*PASSWORD*',
    ],
  },
  { service: 'importexport', operation: '*', fields: ['ArtifactList[].URL'], presigned: true },
  { service: 'inspector', operation: 'GetAssessmentReport', fields: ['url'], presigned: true },
  { service: 'inspector2', operation: 'GetCisScanReport', fields: ['url'], presigned: true },
  { service: 'invoicing', operation: 'GetInvoicePDF', fields: ['**.DocumentUrl'], presigned: true },
  { service: 'iottwinmaker', operation: 'GetMetadataTransferJob', fields: ['reportUrl'], presigned: true },
  {
    service: 'iot',
    operation: 'GetTopicRule',
    fields: ['rule.actions[].salesforce.token', 'rule.errorAction.salesforce.token'],
  },
  { service: 'lambda', operation: 'Get*', fields: ['Code.Location', 'Content.Location'], presigned: true },
  { service: 'lex-models', operation: 'GetExport', fields: ['url'], presigned: true },
  {
    service: 'lexv2-models',
    operation: 'Describe*',
    fields: [
      'botRecommendationResults.associatedTranscriptsUrl',
      'botRecommendationResults.botLocaleExportUrl',
      'generatedBotLocaleUrl',
      'testSetDiscrepancyRawOutputUrl',
    ],
    presigned: true,
  },
  { service: 'license-manager', operation: 'CreateToken', fields: ['Token'] },
  { service: 'macie2', operation: 'GetSensitiveDataOccurrences', fields: ['sensitiveDataOccurrences.*'] },
  { service: 'marketplace-reporting', operation: 'GetBuyerDashboard', fields: ['embedUrl'] },
  { service: 'medialive', operation: '*', fields: ['**.HlsAkamaiSettings.Token'] },
  { service: 'mturk', operation: 'GetFileUploadURL', fields: ['FileUploadURL'], presigned: true },
  // A device's certificates, with their key.
  { service: 'panorama', operation: 'ProvisionDevice', fields: ['Certificates'] },
  { service: 'pinpoint', operation: '*', fields: ['*.Credential'] },
  { service: 'qapps', operation: 'CreatePresignedUrl', fields: ['presignedUrlFields.*'] },
  {
    service: 'snowball',
    operation: '*',
    fields: ['ManifestURI', 'UpdatesURI', 'JobMetadata.JobLogInfo.*'],
    presigned: true,
  },
  { service: 'ssm', operation: 'GetDocument', fields: ['AttachmentsContent[].Url'], presigned: true },
  {
    service: 'transcribe',
    operation: '*',
    fields: [
      'DownloadUri',
      '**.TranscriptFileUri',
      '**.RedactedTranscriptFileUri',
      '**.RedactedMediaFileUri',
    ],
    presigned: true,
  },
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
