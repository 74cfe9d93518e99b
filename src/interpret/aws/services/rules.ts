import { APIGATEWAY_RULES } from './apigateway.ts'
import { BEDROCK_RUNTIME_RULES } from './bedrock.ts'
import { CLOUDFORMATION_RULES } from './cloudformation.ts'
import { DYNAMODB_RULES } from './dynamodb.ts'
import { EC2_RULES } from './ec2.ts'
import { ECS_RULES } from './ecs.ts'
import { EVENTS_RULES } from './events.ts'
import { IAM_RULES } from './iam.ts'
import { KMS_RULES } from './kms.ts'
import { LAMBDA_RULES } from './lambda.ts'
import { LOGS_RULES } from './logs.ts'
import { RDS_RULES } from './rds.ts'
import { ROUTE53_RULES } from './route53.ts'
import { OTHERS, type Rule, type ServiceRules } from './rule.ts'
import { S3_RULES } from './s3.ts'
import { SECRETS_RULES } from './secretsmanager.ts'
import { SNS_RULES } from './sns.ts'
import { SQS_RULES } from './sqs.ts'
import { SSM_RULES } from './ssm.ts'
import { STS_RULES } from './sts.ts'

/** Every service that has hand-written rules, by the id of the catalog. */
const RULES: ReadonlyMap<string, ServiceRules> = new Map([
  ['apigateway', APIGATEWAY_RULES],
  ['apigatewayv2', APIGATEWAY_RULES],
  ['bedrock-runtime', BEDROCK_RUNTIME_RULES],
  ['cloudformation', CLOUDFORMATION_RULES],
  ['dynamodb', DYNAMODB_RULES],
  ['ec2', EC2_RULES],
  ['ecs', ECS_RULES],
  ['events', EVENTS_RULES],
  ['iam', IAM_RULES],
  ['kms', KMS_RULES],
  ['lambda', LAMBDA_RULES],
  ['logs', LOGS_RULES],
  ['rds', RDS_RULES],
  ['route53', ROUTE53_RULES],
  ['s3', S3_RULES],
  ['secretsmanager', SECRETS_RULES],
  ['sns', SNS_RULES],
  ['sqs', SQS_RULES],
  ['ssm', SSM_RULES],
  ['sts', STS_RULES],
])

/** The hand-written rule of an operation. */
export function ruleOf(service: string, operation: string): Rule | undefined {
  const rules = RULES.get(service)
  if (rules === undefined) return undefined
  return Object.hasOwn(rules, operation) ? rules[operation] : rules[OTHERS]
}
