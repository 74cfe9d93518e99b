import type { Clock, Random } from '../../core/clock.ts'
import type { Decision, DecisionRequest } from '../../core/decision.ts'
import type { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { RecordedResult } from '../../record/event.ts'
import type { ApprovalRooms } from '../approval.ts'
import type { Asked, Outcome, Progress } from '../exchange.ts'
import type { Admission } from '../sessions/live-calls.ts'

export type Engine = 'postgres' | 'mysql'

/** What a client says of itself when it connects; nothing of it was verified, but for the certificate's key. */
export interface Claimed {
  /** Name or ARN of a role of the gate. */
  readonly user: string
  /** A target's name, or its host's. */
  readonly database: string
  readonly password: Redacted
  readonly clientAddress: string
  readonly secure: boolean
  /** The certificate of the client, DER, whose key it has proven to hold; its issuer is not verified. */
  readonly certificate?: Buffer
}

/** What the transport knows of a client. */
export interface ClientFacts {
  readonly clientAddress: string
  readonly secure: boolean
}

/** Who a client is, by what it claimed. */
export interface Identified {
  readonly principal: Principal
  /** The name of the target that its proof is for. */
  readonly target: string
}

/** A text of a client, as it is recorded. */
export interface SqlText {
  /**
   * The message that brought it, or `Connect` for the session as a whole. A Parse or Bind is recorded where it is denied, and a Bind
   * where planning may run functions. `Commit` asks whether a change stays, now that its rows are counted.
   */
  readonly message: 'Query' | 'Parse' | 'Bind' | 'Execute' | 'Connect' | 'Commit'
  readonly sql: string
  /** Leading words of its statements. */
  readonly tags: readonly string[]
  /** Its constants left out, and what is equal for texts that differ in these alone, hex; absent where it can't be read. */
  readonly normalized?: { readonly text: string; readonly fingerprint: string }
  /** Parameters of an Execute, as they were sent; they may hold what is masked elsewhere. */
  readonly parameters: readonly SqlParameter[]
}

/** A parameter: bytes in the protocol's own form, or text where it could be told; NULL is null. */
export type SqlParameter = Buffer | string | null

export interface SqlQuestion extends Asked {
  readonly engine: Engine
  readonly place: SqlPlace
  readonly text: SqlText
  /** Its constants and parameters may hold what is secret or masked: its normalised form alone is recorded. */
  readonly isSecret: boolean
  /** Rows that the change has made, of which it is asked whether it stays. */
  readonly rows?: number
}

export interface SqlOutcome extends Outcome {
  /** Rows that were returned or changed, as far as the server told. */
  readonly rows?: number
  /** What was kept of what the client saw, masked as it saw it. */
  readonly result?: RecordedResult
}

/** Who records statements. `decision` resolves when it is durable. */
export interface SqlRecorder {
  newEventId(): string
  decision(eventId: string, progress: Progress<SqlQuestion>, facts: ClientFacts): Promise<void>
  refusal(
    eventId: string,
    progress: Progress<SqlQuestion>,
    facts: ClientFacts,
    error: GateError,
  ): Promise<void>
  outcome(
    eventId: string,
    progress: Progress<SqlQuestion>,
    outcome: SqlOutcome,
    startMs: number,
  ): Promise<void>
  /** Bytes of the result of such a question that are to be kept; 0: none. */
  resultBytes(question: SqlQuestion): number
}

/** Where people are asked. */
export interface SqlApprovals extends ApprovalRooms {
  /** 32 bytes that all replicas share: parameters are told by their keyed digest alone. */
  readonly digestKey: Buffer
}

/** Finds what is secret in texts, and masks it. */
export interface TextDetector {
  /** The text as it was where nothing was found. */
  mask(text: string): { readonly text: string; readonly count: number }
}

/** All that a session of any database needs of the rest of the gate. */
export interface SqlRooms {
  /** Rejects, or throws, where what is claimed proves nothing. */
  identify(claimed: Claimed): Promise<Identified> | Identified
  /** Decides by the policies of the principal's role, which stay as they are while a process runs. */
  decide(request: DecisionRequest): Decision
  /**
   * The numbers that conditions on `sql:RowsAffected` name, in statements that could be for such a request; empty: none asks
   * how many rows a change makes.
   */
  rowThresholds(request: DecisionRequest): readonly number[]
  /** Whether the policies of the principal's role mask values of anything at all: a denial does not tell of masks. */
  masksValues(principal: Principal): boolean
  readonly approvals: SqlApprovals
  admit(principal: Principal): Admission
  readonly recorder: SqlRecorder
  /** By the names of a policy's `Detect`. */
  detector(names: readonly string[], form: Decision['obligations'][number]['as']): TextDetector
  /** Key of the masks that keep equal values equal; secret. */
  readonly hashKey: Buffer
  readonly clock: Clock
  readonly random: Random
  trouble(error: GateError): void
}
