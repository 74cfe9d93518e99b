import { DYNAMODB_RULES } from './dynamodb.ts'
import type { Rule, ServiceRules } from './rule.ts'
import { S3_RULES } from './s3.ts'

/** Every service that has hand-written rules. */
const RULES: ReadonlyMap<string, ServiceRules> = new Map([
  ['dynamodb', DYNAMODB_RULES],
  ['s3', S3_RULES],
])

/** The hand-written rule of an operation. */
export function ruleOf(service: string, operation: string): Rule | undefined {
  const rules = RULES.get(service)
  return rules !== undefined && Object.hasOwn(rules, operation) ? rules[operation] : undefined
}
