/**
 * What a person is asked, and what comes of it: AccessRequest -> Approval -> Grant. Values only; the rules
 * are in `machine.ts`, and `port.ts` says what a store must do.
 */

import type { Demand, Pair } from '../core/decision.ts'
import type { JsonObject } from '../core/json.ts'

export type { Person } from '../core/person.ts'

/** Who asks, as far as an approver must know it and a grant depends on it. All of it was verified. */
export interface Requester {
  readonly arn: string
  readonly roleArn: string
  readonly account: string
  /** Of the session that asked; a grant holds in others of the same principal, too. */
  readonly sessionId: string
  readonly issuer: string
  readonly subject: string
  readonly sourceIdentity?: string
  /** The principals that it acts for, nearest first. */
  readonly actingFor: readonly string[]
  /**
   * Every name by which the requester, or one whom it acts for, could be known as a person: subjects,
   * source identities, e-mail addresses. None of them approves the request.
   */
  readonly knownAs: readonly string[]
  /** What a grant is bound to: hex digest of issuer, subject, source identity and whom it acts for. */
  readonly principalKey: string
}

/** What is known of a resource beside its ARN: an instance's name and type. Never needed for a decision. */
export interface ResourceFacts {
  readonly resource: string
  readonly facts: Readonly<Record<string, string>>
}

/** The body of a call that is streamed, and so no part of its parameters. */
export interface StreamedBody {
  readonly bytes: number
  /** SHA-256 in hex, where the client's signature covers the whole of it; else it is not bound. */
  readonly sha256?: string
}

/** The very call that an approval is for. */
export interface RequestedCall {
  readonly service: string
  readonly operation: string
  readonly region: string
  /** As an `aws` command; sensitive values read `<redacted>`. */
  readonly commandLine: string
  /** Canonical parameters, with sensitive values replaced by `<redacted>`. */
  readonly parameters: JsonObject
  readonly pairs: readonly Pick<Pair, 'action' | 'resource' | 'certainty'>[]
  readonly body?: StreamedBody
  readonly resources: readonly ResourceFacts[]
  /**
   * What the journal has in place of these two, where they may hold what is masked or secret: people have to see what they
   * approve, and whoever reads recordings has not.
   */
  readonly recorded?: Pick<RequestedCall, 'commandLine' | 'parameters'>
}

/** Standing access: what it is for, ahead of time. */
export interface RequestedScope {
  /** IAM action patterns: `ec2:*`; every pair of a call must match one. Never empty. */
  readonly actions: readonly string[]
  /** ARN patterns; every pair of a call must match one. Never empty. */
  readonly resources: readonly string[]
}

export interface Approval {
  /** `Person.id`. */
  readonly by: string
  readonly name: string
  readonly atMs: number
  /** Numbers of the demands (from 0) for which it counts. */
  readonly demands: readonly number[]
  /** What the approver allows at most; the least of all approvals holds. */
  readonly uses?: number
  readonly validForMs?: number
  readonly comment?: string
  /** How the person was known then, in lower case: one who has two accounts is not two people. */
  readonly knownAs?: readonly string[]
}

/**
 * `pending` -> `approved` | `denied` | `expired`; `approved` -> `spent` | `expired` | `revoked`. All but the
 * first two are final.
 */
export type RequestState = 'pending' | 'approved' | 'denied' | 'expired' | 'spent' | 'revoked'

/** The permission that approvals made: time-boxed and counted. */
export interface Grant {
  readonly uses: number
  readonly usesLeft: number
  readonly fromMs: number
  readonly expiresAtMs: number
}

export interface AccessRequest {
  /** 26 characters: the number that the client and the approvers see. */
  readonly id: string
  readonly kind: 'call' | 'scope'
  /**
   * Hex: of the call (see `digest.ts`), or of principal, role and scope; with the demands, so that nothing
   * that was approved under other demands is found by it.
   */
  readonly digest: string
  readonly requester: Requester
  /** Set if and only if `kind` is `call`. */
  readonly call?: RequestedCall
  /** Set if and only if `kind` is `scope`. */
  readonly scope?: RequestedScope
  /** Why, in the requester's words. */
  readonly reason?: string
  /** Each must be met by its own count of people. Never empty. */
  readonly demands: readonly Demand[]
  /** What a grant may hold at most. */
  readonly uses: number
  readonly validForMs: number
  readonly askedAtMs: number
  /** A request that nobody answers ends then. */
  readonly openUntilMs: number
  readonly state: RequestState
  /**
   * Until then the same question gets this request instead of a new one, ms: a pending one until it closes,
   * an approved one until its grant expires, a denied one for a while, so that nobody is asked over and
   * over; 0 for the others.
   */
  readonly standsUntilMs: number
  readonly approvals: readonly Approval[]
  /** Set once it was approved. */
  readonly grant?: Grant
  /** Who ended it, and why: denied, or revoked. */
  readonly ended?: {
    readonly by: string
    readonly name: string
    readonly atMs: number
    readonly reason?: string
  }
  /** It passed without approval; nobody is waited for. Its state is `spent` from the start. */
  readonly brokeGlass?: boolean
  /** Who was shown it: `Person.id` or `channel/NAME`; each is recorded once. */
  readonly shownTo?: readonly string[]
  /** Counts the changes, so that two writers cannot overwrite each other. */
  readonly version: number
}

export type RequestEventKind =
  | 'asked'
  | 'shown'
  | 'approved'
  | 'denied'
  | 'spent'
  | 'expired'
  | 'revoked'
  | 'broke-glass'

/** What happened to an access request: goes into the journal, and to whoever is to be told. */
export interface RequestEvent {
  /** 26 characters, unique: the journal's event has the same, so that one written twice is known. */
  readonly id: string
  readonly timeMs: number
  readonly requestId: string
  /** Of the requester, so that a replay shows it in place. */
  readonly sessionId: string
  readonly what: RequestEventKind
  /** `Person.id`; or `channel/NAME` for one that was shown by a notifier. */
  readonly by?: string
  readonly name?: string
  /** Prose: the reason of a denial or revocation, the comment of an approval. */
  readonly reason?: string
  /** State after it. */
  readonly state: RequestState
  readonly usesLeft?: number
  readonly expiresAtMs?: number
  /** `spent`: the event of the call that took the use. */
  readonly decisionId?: string
  /** `asked`, `broke-glass`: the request as it began, for whoever reads the journal alone. */
  readonly request?: JsonObject
}
