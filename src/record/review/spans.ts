import type { AccessRequestEvent, DecisionEvent, JournalEvent, OutcomeEvent } from '../event.ts'
import { type JournalSource, readJournal, type Wanted } from '../read.ts'
import { whyWithheld } from '../seal/withheld.ts'
import { RoleTally } from './tally.ts'

/** A span of time: `sinceMs` is in it, `untilMs` is not. Ms since the epoch. */
export interface Span {
  readonly sinceMs: number
  readonly untilMs: number
}

/** What a role did in the span, and in the one of equal length before it. */
export interface RoleSpans {
  readonly now: RoleTally
  readonly before: RoleTally
}

/** What the journal says of a span. */
export interface Spans {
  readonly span: Span
  readonly before: Span
  /** By the ARN of the role. */
  readonly roles: ReadonlyMap<string, RoleSpans>
  /** What came from nobody that the gate knew. */
  readonly unidentified: RoleSpans
  /** Events of roles for which there was no room, or that nobody knows: shredded ones, too. */
  readonly beyond: number
}

const MAX_ROLES = 1_000
/** So many sessions and access requests are remembered with their roles. */
const MAX_KNOWN = 100_000

/** Counts what was done in a span and in the one before it; memory for counters alone. Throws `journal-corrupt`. */
export async function tallySpans(source: JournalSource, span: Span): Promise<Spans> {
  const before = { sinceMs: 2 * span.sinceMs - span.untilMs, untilMs: span.sinceMs }
  const tallies = new Tallies()
  const wanted = notOutside(before.sinceMs, span.untilMs)
  for await (const { event } of readJournal(source, wanted)) {
    // Who a session is may have been recorded before the spans begin.
    const roleArn = tallies.roleOf(event)
    if (isIn(event, span)) tallies.add(event, roleArn, 'now')
    else if (isIn(event, before)) tallies.add(event, roleArn, 'before')
  }
  const { roles, unidentified, beyond } = tallies
  return { span, before, roles, unidentified, beyond }
}

/** How a decision and an outcome begin as the gate writes them. */
const HEAD =
  /^\{"n":\d{1,16},"b":\d{1,16},"e":\{"type":"(?:decision|outcome)","id":"[A-Za-z0-9-]{1,40}","timeMs":(\d{1,16}),/
const HEAD_BYTES = 160

/** Rules out by their first bytes calls of other times; sessions and access requests say whose calls are. */
function notOutside(sinceMs: number, untilMs: number): Wanted {
  return payload => {
    const head = HEAD.exec(payload.toString('latin1', 0, HEAD_BYTES))
    if (head === null) return true
    const timeMs = Number(head[1])
    return timeMs >= sinceMs && timeMs < untilMs
  }
}

function isIn({ timeMs }: JournalEvent, { sinceMs, untilMs }: Span): boolean {
  return timeMs >= sinceMs && timeMs < untilMs
}

class Tallies {
  readonly roles = new Map<string, RoleSpans>()
  readonly unidentified: RoleSpans = { now: new RoleTally(), before: new RoleTally() }
  beyond = 0
  readonly #sessions = new Map<string, string>()
  readonly #requests = new Map<string, string>()
  readonly #said = new Set<string>()

  add(event: JournalEvent, roleArn: string | undefined, when: keyof RoleSpans): void {
    if (!isTallied(event)) return
    if (event.type === 'access-request' && this.#wasSaid(event.id)) return
    // What is left of it says that something was done, and not what.
    if (whyWithheld(event) !== undefined) {
      this.beyond += 1
      return
    }
    // Outcomes and approvals without a role belong to roles that were forgotten.
    if (roleArn === undefined && event.type !== 'decision') {
      this.beyond += 1
      return
    }
    const spans = roleArn === undefined ? this.unidentified : this.#spansOf(roleArn)
    if (spans === undefined) {
      this.beyond += 1
      return
    }
    const tally = spans[when]
    if (event.type === 'decision') tally.decision(event)
    else if (event.type === 'outcome') tally.outcome(event)
    else tally.accessRequest(event)
  }

  roleOf(event: JournalEvent): string | undefined {
    if ((!isTallied(event) && event.type !== 'session') || whyWithheld(event) !== undefined) return undefined
    if (event.type === 'session' || event.type === 'decision') {
      const roleArn = event.principal?.roleArn
      if (roleArn !== undefined && event.sessionId !== undefined) {
        remember(this.#sessions, event.sessionId, roleArn)
      }
      return roleArn
    }
    const bySession = event.sessionId === undefined ? undefined : this.#sessions.get(event.sessionId)
    if (event.type === 'outcome') return bySession
    const roleArn = this.#requests.get(event.requestId) ?? requesterRole(event.request) ?? bySession
    if (roleArn !== undefined) remember(this.#requests, event.requestId, roleArn)
    return roleArn
  }

  #spansOf(roleArn: string): RoleSpans | undefined {
    const known = this.roles.get(roleArn)
    if (known !== undefined) return known
    if (this.roles.size >= MAX_ROLES) return undefined
    const spans = { now: new RoleTally(), before: new RoleTally() }
    this.roles.set(roleArn, spans)
    return spans
  }

  /** What happened to an access request may stand in the journal twice, with one id. */
  #wasSaid(id: string): boolean {
    if (this.#said.has(id)) return true
    if (this.#said.size >= MAX_KNOWN) this.#said.clear()
    this.#said.add(id)
    return false
  }
}

function remember(known: Map<string, string>, id: string, roleArn: string): void {
  if (known.has(id)) return
  const [oldest] = known.keys()
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest)
  known.set(id, roleArn)
}

function requesterRole(request: object | undefined): string | undefined {
  const requester: unknown = Object.entries(request ?? {}).find(([name]) => name === 'requester')?.[1]
  if (typeof requester !== 'object' || requester === null || !('roleArn' in requester)) return undefined
  return typeof requester.roleArn === 'string' ? requester.roleArn : undefined
}

/** The types of events that say what a role did. */
function isTallied(event: JournalEvent): event is DecisionEvent | OutcomeEvent | AccessRequestEvent {
  return event.type === 'decision' || event.type === 'outcome' || event.type === 'access-request'
}
