import { DYNAMODB_RULES } from './dynamodb.ts'
import { KMS_RULES } from './kms.ts'
import { LAMBDA_RULES } from './lambda.ts'
import { LOGS_RULES } from './logs.ts'
import { OTHERS, type Rule, type ServiceRules } from './rule.ts'
import { S3_RULES } from './s3.ts'
import { SECRETS_RULES } from './secretsmanager.ts'
import { SNS_RULES } from './sns.ts'
import { SQS_RULES } from './sqs.ts'
import { SSM_RULES } from './ssm.ts'

/** Every service that has hand-written rules, by the id of the catalog. */
const RULES: ReadonlyMap<string, ServiceRules> = new Map([
  ['dynamodb', DYNAMODB_RULES],
  ['kms', KMS_RULES],
  ['lambda', LAMBDA_RULES],
  ['logs', LOGS_RULES],
  ['s3', S3_RULES],
  ['secretsmanager', SECRETS_RULES],
  ['sns', SNS_RULES],
  ['sqs', SQS_RULES],
  ['ssm', SSM_RULES],
])

/** The hand-written rule of an operation. */
export function ruleOf(service: string, operation: string): Rule | undefined {
  const rules = RULES.get(service)
  if (rules === undefined) return undefined
  return Object.hasOwn(rules, operation) ? rules[operation] : rules[OTHERS]
}
