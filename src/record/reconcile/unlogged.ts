/**
 * What CloudTrail does not log unless somebody asked it to: data events, by the service's id and operation.
 * Trails and event data stores log none of them by default, and Event history never has them; so that a call
 * of these which AWS's log lacks says nothing.
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
 */
export const DATA_EVENTS: ReadonlyMap<string, ReadonlySet<string> | 'all'> = new Map<
  string,
  ReadonlySet<string> | 'all'
>([
  [
    's3',
    names(`AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload CreateSession
      DeleteObject DeleteObjects DeleteObjectTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold
      GetObjectRetention GetObjectTagging GetObjectTorrent HeadBucket HeadObject ListMultipartUploads ListObjects
      ListObjectsV2 ListObjectVersions ListParts PutObject PutObjectAcl PutObjectLegalHold PutObjectRetention
      PutObjectTagging RenameObject RestoreObject SelectObjectContent UploadPart UploadPartCopy
      WriteGetObjectResponse`),
  ],
  ['lambda', names('Invoke InvokeAsync InvokeWithResponseStream')],
  [
    'dynamodb',
    names(`BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction GetItem
      PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem`),
  ],
  ['dynamodbstreams', 'all'],
  [
    'sqs',
    names(`ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch GetQueueAttributes
      GetQueueUrl ListDeadLetterSourceQueues ListQueueTags ListQueues ReceiveMessage SendMessage SendMessageBatch`),
  ],
  ['sns', names('Publish PublishBatch')],
  ['kinesis', names('GetRecords GetShardIterator PutRecord PutRecords SubscribeToShard')],
  ['firehose', names('PutRecord PutRecordBatch')],
  ['cloudwatch', names('GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData')],
  ['logs', names('FilterLogEvents GetLogEvents PutLogEvents GetLogRecord StartLiveTail')],
  ['events', names('PutEvents')],
  [
    'stepfunctions',
    names('StartSyncExecution SendTaskSuccess SendTaskFailure SendTaskHeartbeat GetActivityTask'),
  ],
  ['xray', names('PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets')],
  ['ebs', 'all'],
  ['cognito-identity', names('GetId GetCredentialsForIdentity GetOpenIdToken UnlinkIdentity')],
  ['rds-data', 'all'],
  ['iot-data', 'all'],
  ['bedrock-agent-runtime', 'all'],
  ['timestream-write', names('WriteRecords')],
  ['timestream-query', names('Query')],
  ['sdb', 'all'],
])

/** True for a call that CloudTrail only logs where somebody asked for it. Service ids are the catalog's. */
export function isDataEvent(service: string, operation: string): boolean {
  const found = DATA_EVENTS.get(service)
  return found === 'all' || found?.has(operation) === true
}

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/))
}
