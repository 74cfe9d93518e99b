import type { DecisionRequest } from '../../core/decision.ts'
import type { StreamedBody } from '../../grants/model.ts'
import type { AwsCall } from '../../interpret/aws/call.ts'

/** What an AWS call asks of the gate. */
export interface AwsQuestion {
  readonly request: DecisionRequest
  readonly call: AwsCall
  /** The body that follows as a stream; absent where it is part of the parameters, or there is none. */
  readonly body?: StreamedBody | undefined
}
