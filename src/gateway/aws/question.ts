import type { DecisionRequest } from '../../core/decision.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'

/** What an AWS call asks of the gate. */
export interface AwsQuestion {
  readonly request: DecisionRequest
  readonly call: AwsCall
}
