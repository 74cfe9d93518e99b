import type { GrantRef, Pair, StatementRef } from '../core/decision.ts'
import type { JsonObject } from '../core/json.ts'

/** Who acted, as recorded. */
export interface RecordedPrincipal {
  readonly arn: string
  readonly roleArn: string
  readonly issuer: string
  readonly subject: string
  readonly sourceIdentity?: string
  readonly actingFor: readonly string[]
}

/** What every event has. */
interface EventHead {
  /** 26 characters, unique; the number that a client sees in a denial. */
  readonly id: string
  readonly timeMs: number
  /** The session; absent where the caller could not be identified. */
  readonly sessionId?: string
  /**
   * Never recorded: readers set it where the rest of a sealed event was shredded, and give nothing (`''`, 0) in
   * place of the members that an event of its type always has.
   */
  readonly shredded?: true
  /** As `shredded`, where the reader was given no keys. */
  readonly sealed?: true
}

/** A session began: a credential was exchanged. */
export interface SessionEvent extends EventHead {
  readonly type: 'session'
  readonly principal: RecordedPrincipal
  /** `AssumeRoleWithWebIdentity` or `AssumeRole`. */
  readonly by: string
  readonly expiresAtMs: number
  readonly clientAddress: string
  /** Verified claims, scalars only. */
  readonly claims: JsonObject
}

/** A call and the decision on it: durable before the first byte goes upstream. */
export interface DecisionEvent extends EventHead {
  readonly type: 'decision'
  readonly principal?: RecordedPrincipal
  readonly clientAddress: string
  readonly userAgent?: string
  /** Absent when the call was refused before it was understood. */
  readonly call?: RecordedCall
  /** What a refused request was, as far as it was read: method and path, without its query. */
  readonly target?: { readonly method: string; readonly path: string }
  readonly effect: 'allow' | 'deny'
  readonly statements: readonly StatementRef[]
  /**
   * For a deny: the kind (`explicit`, `implicit`, `boundary`, `approval`, `refused`), the code, the prose, and
   * for `approval` the number of the access request.
   */
  readonly denial?: {
    readonly kind: string
    readonly code?: string
    readonly reason: string
    readonly requestId?: string
  }
  /** The grant by which it passes. */
  readonly grant?: GrantRef
  /** The break-glass statements by which it passes, without the approval that it would need. */
  readonly brokeGlass?: readonly StatementRef[]
  /** The statements by which its reply is masked. */
  readonly masks?: readonly StatementRef[]
}

export interface RecordedCall {
  readonly service: string
  readonly operation: string
  readonly region: string
  /** Sensitive values are replaced by `<redacted>`. */
  readonly parameters: JsonObject
  /** Paths that were redacted, and whether parameters were cut to fit the limit. */
  readonly redacted: readonly string[]
  readonly truncated: boolean
  /** Set where the configuration keeps metadata alone: `parameters` is empty whatever was sent. */
  readonly leftOut?: 'parameters'
  readonly pairs: readonly Pick<Pair, 'action' | 'resource' | 'certainty'>[]
  /** Of a statement to a database: `service` is `sql`, and `operation` its leading words. */
  readonly sql?: RecordedSql
}

/** A text of SQL, with all of its statements. Its parameters are those of the call, by their numbers: `$1`. */
export interface RecordedSql {
  readonly engine: 'postgres' | 'mysql'
  /** The target's name, and the database in it. */
  readonly target: string
  readonly database: string
  /** The message of the protocol that brought it: `Query`, `Parse`, `Bind`, `Execute`; or `Connect`. */
  readonly message: string
  /** As it was sent, cut where it is long; absent where its constants may hold what is secret or masked. */
  readonly text?: string
  /** With its constants left out; absent where it could not be read. */
  readonly normalized?: string
  /** Equal for texts that differ in constants alone, hex; absent where `normalized` is. */
  readonly fingerprint?: string
}

/** What a client saw of the results of a text, in their order. */
export interface RecordedResult {
  readonly tables: readonly RecordedTable[]
  /** What is missing, and why, in prose; absent where nothing is. */
  readonly cut?: string
}

export interface RecordedTable {
  readonly columns: readonly string[]
  /** Values as text, or `base64:…` where they are none; null is NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
}

/** How a forwarded call ended. `id` is new; `decisionId` names the call. */
export interface OutcomeEvent extends EventHead {
  readonly type: 'outcome'
  readonly decisionId: string
  /** Absent: HTTP. Else no status is to be expected. */
  readonly protocol?: 'sql'
  /** HTTP status of the upstream; absent where none came. */
  readonly status?: number
  /** `x-amzn-requestid` or `x-amz-request-id` of AWS. */
  readonly awsRequestId?: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  /** What went wrong: an error code of the gate (`client-gone`, `upstream-timeout`) or AWS's own. */
  readonly error?: string
  /** What was masked in the reply. */
  readonly masked?: RecordedMasks
  /** The upstream lease was sent without a session policy, or with a generalised one. */
  readonly lease?: string
  /** What was kept of the bodies, where `record.keep` says so. */
  readonly requestBody?: RecordedBody
  /** As the client got it: masked. */
  readonly replyBody?: RecordedBody
  /** Of SQL: rows that were returned or changed, as far as the server told. */
  readonly rows?: number
  /** Of SQL, where `record.keep` says so: what the client saw. */
  readonly result?: RecordedResult
}

/** What was kept of a body. */
export interface RecordedBody {
  /** Bytes that went by. */
  readonly bytes: number
  /**
   * SHA-256 of these bytes, hex. Absent where they hold what the gate masks or redacts: whoever has a digest of few
   * possible values can try them all.
   */
  readonly sha256?: string
  /** The name of the file that holds them, compressed: `LANE/SEGMENT/EVENT.request.zst`. */
  readonly blob?: string
  /** What the file holds, where that is not all that went by. */
  readonly held?: { readonly bytes: number; readonly sha256: string }
  /** The body itself, or its beginning: text where it is UTF-8, else base64. */
  readonly text?: string
  readonly base64?: string
  /** What is missing of it, and why, in prose; absent where nothing is. */
  readonly cut?: string
}

/** What was masked: never the values. */
export interface RecordedMasks {
  /** How many values were. */
  readonly count: number
  /** Where they stood, the first few: `SecretString`, `Environment.Variables.*`; or the detector that found them. */
  readonly places: readonly string[]
}

/**
 * What happened to an access request. It may stand in the journal twice, with the same id, where a process died
 * between writing it and remembering so: the second says nothing new.
 */
export interface AccessRequestEvent extends EventHead {
  readonly type: 'access-request'
  readonly requestId: string
  readonly what: 'asked' | 'shown' | 'approved' | 'denied' | 'spent' | 'expired' | 'revoked' | 'broke-glass'
  /** `ISSUER/SUBJECT` of the person, or `channel/NAME`. */
  readonly by?: string
  readonly name?: string
  /** Prose of a person: the reason of a denial, the comment of an approval. */
  readonly reason?: string
  /** The state after it. */
  readonly state: string
  readonly usesLeft?: number
  readonly expiresAtMs?: number
  /** For `spent`: the call that took the use. */
  readonly decisionId?: string
  /** For `asked` and `broke-glass`: the request as it began, without anything sensitive. */
  readonly request?: JsonObject
}

/**
 * A session ended, as far as the process that writes this lane saw it: others may have had calls of it, and say so in
 * theirs. A session that went idle may go on: then it ends once more.
 */
export interface SessionEndEvent extends EventHead {
  readonly type: 'session-end'
  readonly sessionId: string
  /** `stopped`: the gate was. */
  readonly why: 'expired' | 'revoked' | 'idle' | 'stopped'
  /** For `revoked`: `ISSUER/SUBJECT` of who did it, and the words given. */
  readonly by?: string
  readonly reason?: string
  /** What it did in this lane since it began or was last said to have ended. */
  readonly calls: number
  readonly denied: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/**
 * A person ended every session of a principal or a role that was issued until then, and what was chained from them. Those
 * that a process saw end in its lane.
 */
export interface RevocationEvent extends EventHead {
  readonly type: 'revocation'
  readonly what: 'principal' | 'role'
  /** `ISSUER/SUBJECT`, or the ARN of a role. */
  readonly of: string
  readonly issuedUntilMs: number
  /** `ISSUER/SUBJECT` of who did it, and the words given. */
  readonly by: string
  readonly reason: string
}

/** Segments of a lane were removed by the rules of retention: their place in the chain is vouched for here. */
export interface RemovalEvent extends EventHead {
  readonly type: 'removal'
  readonly lane: number
  /** First and last segment, and first and last event, that are gone. */
  readonly segments: readonly [number, number]
  readonly events: readonly [number, number]
  /** Links before the first and at the last of these events, hex. */
  readonly before: string
  readonly after: string
  /** `withdrawn`: they stay after all, and what was said of them before does not count. */
  readonly why: 'age' | 'size' | 'withdrawn'
  /** Where they are kept still: `s3://…`. */
  readonly kept?: string
}

/** Content was made unreadable for good. */
export interface ShredEvent extends EventHead {
  readonly type: 'shred'
  readonly what: 'session' | 'tenant'
  /** The session's id or the tenant's name. */
  readonly of: string
  /** Who did it, and why, as they said. */
  readonly by: string
  readonly reason?: string
}

/** The journal was opened after a crash: these decisions had no outcome. */
export interface RecoveryEvent extends EventHead {
  readonly type: 'recovery'
  /** Decisions that were in flight. */
  readonly inFlight: readonly string[]
  /** Bytes of a torn tail that were cut off. */
  readonly tornBytes: number
}

export type JournalEvent =
  | SessionEvent
  | SessionEndEvent
  | RevocationEvent
  | DecisionEvent
  | OutcomeEvent
  | AccessRequestEvent
  | RemovalEvent
  | ShredEvent
  | RecoveryEvent

/** The port through which the gate records. */
export interface Journal {
  /** Resolves when the event is on disk (group commit); rejects with `journal-unavailable` when it cannot be. */
  append(event: JournalEvent): Promise<void>
  /** Why the journal cannot be written now; undefined when it can. */
  readonly trouble: string | undefined
  /** Waits for everything appended, then closes. */
  close(): Promise<void>
}

/** A lane of the journal that this process writes. */
export interface LaneJournal extends Journal {
  /** The segment that it writes now. */
  readonly segment: number
}
