import type { Clock, Random } from '../../core/clock.ts'
import type { Decision, DecisionRequest } from '../../core/decision.ts'
import type { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey, Setting, Value } from '../../wire/postgres/messages.ts'
import type { Asked, Driver, Outcome, Progress } from '../exchange.ts'
import type { Admission } from '../sessions/live-calls.ts'

/** What a client says of itself when it connects; nothing of it was verified. */
export interface Claimed {
  readonly user: string
  readonly database: string
  readonly password: Redacted
  readonly clientAddress: string
  readonly secure: boolean
}

/** A text of a client, as it is recorded. */
export interface SqlText {
  /**
   * The message that brought it, or `Connect` for the session as a whole. A Parse or Bind is recorded where it is denied, and a Bind
   * where planning may run functions.
   */
  readonly message: 'Query' | 'Parse' | 'Bind' | 'Execute' | 'Connect'
  readonly sql: string
  /** Leading words of its statements. */
  readonly tags: readonly string[]
  /** Parameters of an Execute, as they were sent; they may hold what is masked elsewhere. */
  readonly parameters: readonly Value[]
}

export interface SqlQuestion extends Asked {
  readonly text: SqlText
}

export interface SqlOutcome extends Outcome {
  /** Rows that were returned or changed, as far as the server told. */
  readonly rows?: number
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
}

export interface ClientFacts {
  readonly clientAddress: string
  readonly secure: boolean
}

/** A database that clients come to, and how the gate itself does. */
export interface PostgresTarget {
  readonly place: SqlPlace
  /** Opens a connection of its own for a session. Rejects with `database-…`. */
  connect(
    principal: Principal,
    settings: readonly Setting[],
    signal: AbortSignal,
  ): Promise<PostgresConnection>
  cancel(key: CancelKey): Promise<void>
}

/** All that a session needs of the rest of the gate. */
export interface PostgresRooms {
  /** Rejects, or throws, where user and password prove nothing. */
  identify(claimed: Claimed): Promise<Principal> | Principal
  /** The target of a database name; undefined where there is none. */
  target(database: string): PostgresTarget | undefined
  readonly parser: Pick<SqlParser, 'parse'>
  /** Decides by the policies of the principal's role. */
  decide(request: DecisionRequest): Decision
  /** Settles a decision that asks people, as `ExchangePorts.settle`. */
  settle(question: SqlQuestion, decision: Decision, hold: Driver<SqlQuestion>['hold']): Promise<Decision>
  admit(principal: Principal): Admission
  readonly recorder: SqlRecorder
  /** Key of the masks that keep equal values equal; secret. */
  readonly hashKey: Buffer
  readonly clock: Clock
  readonly random: Random
  trouble(error: GateError): void
}
