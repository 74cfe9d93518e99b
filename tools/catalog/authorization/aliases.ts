/**
 * Variables of ARN templates that operations know by another name, by hand: `prefix Variable` -> names of
 * members. Stated by the Service Authorization Reference and the API references.
 */
export const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['autoscaling GroupFriendlyName', ['AutoScalingGroupName']],
  ['cloudwatch AlarmName', ['AlarmName', 'AlarmNames']],
  ['ec2 KeyPairName', ['KeyName']],
  ['ec2 SecurityGroupId', ['GroupId', 'GroupIds', 'SecurityGroupId', 'SecurityGroupIds']],
  ['elasticache ReplicationGroupId', ['ReplicationGroupId']],
  ['elasticache CacheClusterId', ['CacheClusterId']],
  ['firehose DeliveryStreamName', ['DeliveryStreamName']],
  ['s3 ObjectName', ['Key']],
  ['ecs ContainerInstanceId', ['containerInstance']],
  ['ecs TaskId', ['task']],
  ['ecs TaskSetId', ['taskSet']],
  ['kinesis StreamName', ['StreamName']],
  // A key id may be an alias: what it names is not known from the request.
  ['kms KeyId', []],
  ['logs LogGroupName', ['logGroupName']],
  ['rds DbInstanceName', ['DBInstanceIdentifier']],
  ['rds DbClusterInstanceName', ['DBClusterIdentifier']],
  ['rds SnapshotName', ['DBSnapshotIdentifier']],
  ['rds ClusterSnapshotName', ['DBClusterSnapshotIdentifier']],
  ['rds ParameterGroupName', ['DBParameterGroupName']],
  ['rds ClusterParameterGroupName', ['DBClusterParameterGroupName']],
  ['rds SubnetGroupName', ['DBSubnetGroupName']],
  ['rds SubscriptionName', ['SubscriptionName']],
  ['rds OptionGroupName', ['OptionGroupName']],
  ['redshift ClusterName', ['ClusterIdentifier']],
])

/** Templates that stand for what the reference has, by hand: `service type`; `*` and `?` are unknown. */
export const TEMPLATES: ReadonlyMap<string, string> = new Map([
  // The reference has the actions of both load balancing APIs as one, with the ARNs of the older.
  [
    'elbv2 loadbalancer',
    'arn:${Partition}:elasticloadbalancing:${Region}:${Account}:loadbalancer/*/${LoadBalancerName}/*',
  ],
  // A secret's ARN ends with six characters that its name does not have.
  ['secretsmanager Secret', 'arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}-??????'],
])
