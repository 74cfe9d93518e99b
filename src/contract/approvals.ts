/**
 * The control API of access requests, as JSON: what `api/` answers and `cli/` and the page read. Times are
 * milliseconds since the epoch, durations milliseconds. Members that are not known are absent, never null.
 */

import type { JsonObject } from '../core/json.ts'

/** The answer to every call that fails, with the HTTP status that fits. */
export interface ErrorReply {
  /** Stable; `docs/errors.md` lists them. */
  readonly code: string
  /** Prose, lower case, without a full stop. */
  readonly message: string
  /** What to do about it. */
  readonly advice: string
}

export const REQUEST_STATES = ['pending', 'approved', 'denied', 'expired', 'spent', 'revoked'] as const
export type RequestStateView = (typeof REQUEST_STATES)[number]

/** `GET /v1/whoami` */
export interface WhoAmIReply {
  /** `ISSUER/SUBJECT` */
  readonly id: string
  readonly issuer: string
  readonly subject: string
  /** For people to read; proves nothing. */
  readonly name: string
  readonly groups: readonly string[]
  /** False for a token of an issuer that does not vouch for people: it may ask, and never answers. */
  readonly person: boolean
}

/** One statement's demand, and how far it is met. */
export interface DemandView {
  readonly policy: string
  readonly statement: string
  /** The statement's own `Reason`. */
  readonly reason?: string
  /** `group/NAME`, `person/ISSUER/SUBJECT`, or `admin`. */
  readonly from: readonly string[]
  readonly count: number
  /** How many people have approved for it. */
  readonly approvals: number
}

export interface RequesterView {
  readonly arn: string
  readonly sessionId: string
  readonly issuer: string
  readonly subject: string
  readonly sourceIdentity?: string
  /** Whom it acts for, nearest first. */
  readonly actingFor: readonly string[]
}

/**
 * The call that an approval would be for, and nothing else. In a list it is cut short: the command line after
 * 1,000 characters, pairs and resources after 20.
 */
export interface CallView {
  readonly service: string
  readonly operation: string
  readonly region: string
  /** As an `aws` command; sensitive values read `<redacted>`. */
  readonly commandLine: string
  /** Absent in a list; sensitive values read `<redacted>`. */
  readonly parameters?: JsonObject
  readonly pairs: readonly { readonly action: string; readonly resource: string; readonly exact: boolean }[]
  /** A streamed body; without `sha256` the approval does not bind what is in it. */
  readonly body?: { readonly bytes: number; readonly sha256?: string }
  /** What is known of the resources beside their ARNs. */
  readonly resources: readonly {
    readonly resource: string
    readonly facts: Readonly<Record<string, string>>
  }[]
}

/** Standing access: what it is for. */
export interface ScopeView {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

export interface ApprovalView {
  /** `ISSUER/SUBJECT` */
  readonly by: string
  readonly name: string
  readonly atMs: number
  readonly uses?: number
  readonly validForMs?: number
  readonly comment?: string
}

/** What the one who reads this may do with the request now. */
export interface MayView {
  readonly approve: boolean
  readonly deny: boolean
  readonly revoke: boolean
  /** Why it is not theirs to approve, where a person could ask so. */
  readonly why?: string
}

/** One access request, in full. */
export interface RequestView {
  /** 26 characters. */
  readonly id: string
  readonly kind: 'call' | 'scope'
  readonly state: RequestStateView
  /** Counts the changes: what `since` takes. */
  readonly version: number
  /** What is approved, in hex: two requests with one digest are for the same thing. */
  readonly digest: string
  readonly role: { readonly arn: string; readonly account: string }
  readonly requester: RequesterView
  /** Present if and only if `kind` is `call`. */
  readonly call?: CallView
  /** Present if and only if `kind` is `scope`. */
  readonly scope?: ScopeView
  /** Why, in the requester's words. */
  readonly reason?: string
  readonly demands: readonly DemandView[]
  /** Most uses of the grant; absent: as many as the time allows. */
  readonly uses?: number
  readonly validForMs: number
  readonly askedAtMs: number
  readonly openUntilMs: number
  readonly approvals: readonly ApprovalView[]
  readonly grant?: {
    readonly uses?: number
    readonly usesLeft?: number
    readonly fromMs: number
    readonly expiresAtMs: number
  }
  /** Who denied or revoked it. */
  readonly ended?: {
    readonly by: string
    readonly name: string
    readonly atMs: number
    readonly reason?: string
  }
  /** It passed by a break-glass statement; nobody is waited for. */
  readonly brokeGlass: boolean
  readonly may: MayView
}

/** `GET /v1/requests`, newest first: those that the one who asks may read. */
export interface RequestListReply {
  readonly requests: readonly RequestView[]
  /** What the next page's `before` is; absent on the last page. */
  readonly next?: string
  /** Changes when the answer does: what `since` takes. */
  readonly cursor: string
}

/** `POST /v1/requests`: standing access, ahead of time. */
export interface AskBody {
  /** ARN or name of a role of the gate. */
  readonly role: string
  readonly forMs: number
  readonly reason: string
  /** IAM action patterns; all that the role could be asked for where absent. */
  readonly actions?: readonly string[]
  /** ARN patterns; all where absent. */
  readonly resources?: readonly string[]
  /** Calls; as many as the time allows where absent. */
  readonly uses?: number
}

/** `POST /v1/requests/ID/approve`: what it takes away from what was asked. */
export interface ApproveBody {
  readonly uses?: number
  readonly validForMs?: number
  readonly comment?: string
}

/** `POST /v1/requests/ID/deny` and `…/revoke`; the one who asked reads the reason. */
export interface ReasonBody {
  readonly reason: string
}

/** Query of `GET /v1/requests`. */
export interface ListQuery {
  /** Any of them; all where absent. In the query several are separated by commas. */
  readonly states?: readonly RequestStateView[]
  /** ARN of a role. */
  readonly role?: string
  /** Id of the last request of the page before. */
  readonly before?: string
  readonly limit?: number
  /** With `since`: answers once `cursor` is another, or after so many seconds. */
  readonly waitS?: number
  readonly since?: string
}

/** What the API takes at most. */
export const API_LIMITS = {
  bodyBytes: 16_384,
  reasonChars: 500,
  patterns: 50,
  patternChars: 2_048,
  list: 100,
  defaultList: 50,
  waitS: 50,
  forMs: { least: 60_000, most: 2_592_000_000 },
  uses: 1_000_000,
} as const
