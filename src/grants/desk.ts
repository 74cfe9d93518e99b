import type { Demand, GrantRef } from '../core/decision.ts'
import type { AccessRequest, Person, RequestedCall, RequestedScope, Requester } from './model.ts'
import type { RequestFilter } from './port.ts'

/** A call that policies let through only with an approval. */
export interface CallQuestion {
  /** See `digest.ts`. */
  readonly digest: string
  readonly requester: Requester
  readonly demands: readonly Demand[]
  readonly pairs: RequestedCall['pairs']
  /** What approvers are shown; made only where somebody must be asked. */
  describe(): Promise<RequestedCall>
}

/** How a call stands. */
export type Settled =
  /** A use was taken, durably and for this call alone. */
  | { readonly state: 'granted'; readonly grant: GrantRef; readonly request: AccessRequest }
  /** Nobody has answered yet. */
  | { readonly state: 'pending'; readonly request: AccessRequest }
  /** It was denied a short while ago. */
  | { readonly state: 'denied'; readonly request: AccessRequest }

/** What an approver may take away from what is asked. */
export interface Narrowing {
  readonly uses?: number
  readonly validForMs?: number
  readonly comment?: string
}

export interface ScopeQuestion {
  readonly requester: Requester
  readonly scope: RequestedScope
  readonly reason: string
  readonly validForMs: number
  /** Absent: as many calls as the time allows. */
  readonly uses?: number
  /** What the role's policies demand within the scope; without any there is nothing to ask for. */
  readonly demands: readonly Demand[]
}

/**
 * Where access requests are made and answered. What a method has resolved is durable in the store, and its
 * events are in the journal. Errors: `store-unavailable`, `journal-unavailable`, `request-unknown`,
 * `request-closed` (it is no longer in a state that allows it), `approver-not-eligible` (four eyes, or not
 * named by any demand), `approval-invalid` (it would widen), `request-invalid`, `request-too-large` (people
 * could not be shown all of it), `requests-too-many`, `overloaded` (others change the same request without
 * end). After `journal-unavailable` a change may have been made: its event is recorded by a later sweep.
 */
export interface Desk {
  /**
   * Takes a use of a grant for this very call, or of standing access that covers it; where there is none,
   * asks. `decisionId` is the event of the call.
   */
  settle(question: CallQuestion, decisionId: string): Promise<Settled>
  /**
   * Resolves when the request is no longer pending, after `holdMs`, or when the signal aborts; never rejects
   * for these. The answer is what `settle` then finds.
   */
  wait(request: AccessRequest, holdMs: number, signal: AbortSignal): Promise<void>
  /** Keeps that a call passed by a break-glass statement, and tells of it; of very many, of some. */
  brokeGlass(question: CallQuestion, decisionId: string): Promise<AccessRequest>
  /** Asks for standing access; or gives the request that stands for the same scope, answered or not. */
  requestScope(question: ScopeQuestion): Promise<AccessRequest>

  get(id: string): Promise<AccessRequest | undefined>
  list(filter: RequestFilter): Promise<readonly AccessRequest[]>
  /** Which of the demands (numbers from 0) this person may answer; or why none. */
  eligible(
    request: AccessRequest,
    person: Person,
  ): { readonly demands: readonly number[]; readonly why?: string }
  /** An approver has seen it; recorded once for each. `by` is a `Person.id` or `channel/NAME`. */
  shown(id: string, by: string, name: string): Promise<void>
  approve(id: string, person: Person, narrowing: Narrowing): Promise<AccessRequest>
  deny(id: string, person: Person, reason: string): Promise<AccessRequest>
  /** Ends a grant, or takes a pending request back; whoever may is decided by the caller. */
  revoke(id: string, person: Person, reason: string): Promise<AccessRequest>
  /** Expires what is over, and records events that a process left unrecorded when it died. */
  sweep(): Promise<void>
}
