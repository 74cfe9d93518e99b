import { join } from 'node:path'
import { describeClient } from '../harness/checks.ts'
import { python, ROOT } from '../harness/process.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const SCRIPT = join(ROOT, 'test/integration/clients/boto3_services.py')

const SERVICES = [
  'sts_caller_identity',
  'ec2_run_describe_terminate',
  'ec2_paginates',
  'iam_roles_and_paths',
  'dynamodb_items_batch_transact',
  'sqs_send_receive_batch',
  'sns_publish_batch',
  'secretsmanager_create_get',
  'rds_create_describe',
  'kms_encrypt_decrypt',
  'cloudformation_stack',
  'logs_ssm_ecs_events',
  's3_buckets',
  's3_multipart_and_managed_transfer',
  's3_checksums',
  's3_bucket_settings',
]

/** Calls whose signatures moto does not verify right, whoever made them. */
const UNCHECKED = [
  'lambda_create_list',
  'cloudwatch_put_get',
  'route53_global',
  'apigateway_paths',
  's3_buckets',
  's3_awkward_keys',
  's3_copy_range_conditional_delete',
  's3_presigned_get_and_put',
]

describeClient({
  title: 'boto3 through the gate, each call verified by the stand-in',
  policies: [ALLOW_ALL],
  checks: SERVICES,
  command: async () => [python(), SCRIPT, ...SERVICES],
})

describeClient({
  title: 'boto3 through the gate, where the stand-in cannot verify',
  policies: [ALLOW_ALL],
  checks: UNCHECKED,
  unchecked: true,
  command: async () => [python(), SCRIPT, ...UNCHECKED],
})
