import type { Catalog } from '../../catalog/model.ts'
import type { Clock } from '../../core/clock.ts'
import type { Decision, DecisionRequest } from '../../core/decision.ts'
import type { GateError } from '../../core/errors.ts'
import type { GateCredentials } from '../../identity/credentials.ts'
import type { Sts } from '../../identity/sts/sts.ts'
import type { Masking } from '../../mask/port.ts'
import type { Upstream } from '../../upstream/port.ts'
import type { SigningKeys } from '../../wire/sigv4/keys.ts'
import type { ApprovalRooms } from '../approval.ts'
import type { Outcome } from '../exchange.ts'
import type { LiveCalls } from '../sessions/live-calls.ts'
import type { BodyRooms } from './bodies.ts'
import type { BufferBudget } from './body.ts'
import type { Recorder } from './recorder.ts'

/** What the AWS side of the gate works with; one for each process. */
export interface AwsRooms {
  readonly catalog: Catalog
  readonly clock: Clock
  /** Names under which clients reach the gate; virtual hosts stand before them. */
  readonly domains: readonly string[]
  readonly partition: string
  /** ARNs of the gate's roles. */
  readonly roles: ReadonlySet<string>
  readonly credentials: GateCredentials
  readonly signingKeys: SigningKeys
  readonly sts: Sts
  readonly upstream: Upstream
  readonly budget: BufferBudget
  /** The largest body that is read whole, bytes. */
  readonly bodyBytes: number
  /** Longest pause of a client that has something to send or to read, ms. */
  readonly pauseMs: number
  readonly recorder: Recorder
  readonly bodies: BodyRooms
  readonly liveCalls: Pick<LiveCalls, 'admit'>
  /** Decides by the policies of the principal's role. */
  decide(request: DecisionRequest): Decision
  readonly masking: Masking
  /** Where people are asked. */
  readonly approvals: AwsApprovals
  readonly observer: Observer
}

/** What approvals of AWS calls need beside the desk. */
export interface AwsApprovals extends ApprovalRooms {
  /** 32 bytes that all replicas share: parameters, secret ones too, are told by their keyed digest alone. */
  readonly digestKey: Buffer
}

/** Who watches: metrics, and the operator's log. */
export interface Observer {
  /** A call has ended. */
  ended(effect: 'allow' | 'deny' | 'refused', service: string, outcome: Outcome | undefined): void
  /** A call begins or ends to wait for people. */
  held(change: 1 | -1): void
  /** From the head of a call to its durable decision, without the time that people took, ms. */
  decided(durationMs: number): void
  started(): void
  /** What no client may hear. */
  trouble(eventId: string, error: GateError): void
}
