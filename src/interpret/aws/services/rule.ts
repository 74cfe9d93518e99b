import type { Catalog, OperationAuthorization } from '../../../catalog/model.ts'
import type { Answer } from '../answer.ts'
import type { Parameters } from '../call.ts'
import type { Caller } from '../caller.ts'

/** An operation with its parameters, as rules see it. */
export interface RuleCall {
  readonly service: string
  readonly operation: string
  readonly parameters: Parameters
  readonly region: string
  readonly caller: Caller
  readonly catalog: Catalog
  /** What the catalog says of the operation; `askByCatalog` asks for that. */
  readonly authorization: OperationAuthorization
}

/** Says which actions on which resources a call asks for, and what conditions may look at. */
export type Rule = (call: RuleCall, answer: Answer) => void

/** Stands in `ServiceRules` for every operation that has no rule of its own. */
export const OTHERS = '*'

/** The hand-written rules of one service by operation; without `OTHERS` the rest goes by the catalog. */
export type ServiceRules = Readonly<Record<string, Rule>>

/** `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of the caller's own account and region. */
export function ownArn(call: RuleCall, service: string, resource: string): string {
  return `arn:${call.caller.partition}:${service}:${call.region}:${call.caller.account}:${resource}`
}

/** The same for services without regions. */
export function globalArn(call: RuleCall, service: string, resource: string): string {
  return `arn:${call.caller.partition}:${service}::${call.caller.account}:${resource}`
}

/** One rule for several operations. */
export function forAll(operations: readonly string[], rule: Rule): ServiceRules {
  return Object.fromEntries(operations.map(operation => [operation, rule]))
}
