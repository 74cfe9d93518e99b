import { GateError } from '../core/errors.ts'
import { firstIdAt } from '../core/id.ts'
import { type Changed, type ChangePorts, RequestChanges } from './changes.ts'
import type { CallQuestion, Desk, Narrowing, ScopeQuestion, Settled } from './desk.ts'
import { requestDigest } from './digest.ts'
import { type ApprovalLimits, DEFAULT_LIMITS, LEFT_AFTER_MS } from './limits.ts'
import * as machine from './machine.ts'
import type { AccessRequest, Person, Requester } from './model.ts'
import { type Eligibility, mayApprove } from './people.ts'
import { Places } from './places.ts'
import type { RequestFilter } from './port.ts'
import { callAsked, cutCall, scopeAsked, type Unnumbered } from './questions.ts'
import { identityOf, Rate } from './rate.ts'
import { scopeCovers } from './scope.ts'
import { Turns } from './turns.ts'
import { type Poll, Waiting } from './waiting.ts'

export interface ApprovalsOptions extends ChangePorts {
  readonly limits?: Partial<ApprovalLimits>
  readonly poll: Poll
}

/** How often a call is settled anew, where what it found was gone when it took it. */
const MAX_TRIES = 20
/** Requests or events that one step of a sweep takes, and how many steps it makes at most. */
const SWEEP = 200
const SWEEP_STEPS = 50
const MAX_LISTED = 500
/** How often a sweep forgets what ended long ago, ms. */
const FORGET_EVERY_MS = 60_000

/** The desk over a store and a journal; one for each process. See `Desk`. */
export class Approvals implements Desk {
  readonly #ports: ChangePorts
  readonly #limits: ApprovalLimits
  readonly #changes: RequestChanges
  readonly #waiting: Waiting
  #forgotAtMs = 0
  /** Of calls that ask the same at once, one asks. */
  readonly #asking = new Turns<AccessRequest>()
  readonly #places: Places
  readonly #rate: Rate
  readonly #glass: Rate

  constructor({ limits, poll, ...ports }: ApprovalsOptions) {
    this.#ports = ports
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    const { store, clock } = ports
    this.#places = new Places({ store, clock, most: this.#limits.pendingPerPrincipal })
    this.#rate = new Rate(clock, this.#limits.askBurst, this.#limits.askEveryMs)
    this.#glass = new Rate(clock, this.#limits.glassTold, this.#limits.glassToldEveryMs)
    const { waiters: most, waitersEach: mostEach } = this.#limits
    this.#waiting = new Waiting({ store: ports.store, poll, most, mostEach })
    this.#changes = new RequestChanges(ports, id => this.#waiting.wake(id))
  }

  /** How many calls wait for an answer in this process. */
  get waiting(): number {
    return this.#waiting.count
  }

  /**
   * A use that was taken is never given back: if the journal then fails, this rejects and nothing passes.
   */
  async settle(question: CallQuestion, decisionId: string): Promise<Settled> {
    const digest = requestDigest(question.digest, question.demands)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const standing = await this.#ports.store.standingFor(digest, this.#ports.clock.now())
      const granted = await this.#spendAny(question, decisionId, standing)
      if (granted !== undefined) return granted
      const request = standing ?? (await this.#askFor(question, digest))
      if (request.state === 'pending' || request.state === 'denied') return { state: request.state, request }
      // Approved between two looks, or spent or expired: look again.
    }
    throw new GateError('overloaded', 'too many take uses of the same access requests at once')
  }

  async wait(request: AccessRequest, holdMs: number, signal: AbortSignal): Promise<void> {
    await this.#waiting.wait(request, holdMs, signal)
  }

  async brokeGlass(question: CallQuestion, decisionId: string): Promise<AccessRequest> {
    const digest = requestDigest(question.digest, question.demands)
    const call = cutCall(await question.describe(), this.#limits)
    // Thousands of messages would hide the one that matters, and keep those of others from being told.
    const channels = this.#glass.take(identityOf(question.requester)) ? this.#ports.channels : []
    const begin = (at: machine.Moment, id: string): machine.Step =>
      machine.breakGlass({ id, ...callAsked(question, digest, call, this.#limits) }, decisionId, at)
    const request = await this.#changes.open(begin, channels)
    if (request.brokeGlass === true) return request
    throw new GateError('internal', 'the store gave another request for one that broke the glass')
  }

  async requestScope(question: ScopeQuestion): Promise<AccessRequest> {
    const asked = scopeAsked(question, this.#limits)
    return await this.#ask(question.requester, asked.digest, async () => asked)
  }

  async get(id: string): Promise<AccessRequest | undefined> {
    return await this.#ports.store.get(id)
  }

  async list(filter: RequestFilter): Promise<readonly AccessRequest[]> {
    const limit = Math.max(1, Math.min(Math.trunc(filter.limit) || 1, MAX_LISTED))
    return await this.#ports.store.list({ ...filter, limit })
  }

  eligible(request: AccessRequest, person: Person): Eligibility {
    const isOpen = request.state === 'pending' && this.#ports.clock.now() < request.openUntilMs
    return isOpen ? mayApprove(request, person) : { demands: [], why: 'it is no longer open' }
  }

  async shown(id: string, by: string, name: string): Promise<void> {
    await this.#changes.change(id, (request, at) => machine.show(request, by, name, at))
  }

  async approve(id: string, person: Person, narrowing: Narrowing): Promise<AccessRequest> {
    const { request } = await this.#changes.change(id, (current, at) =>
      machine.approve(current, person, narrowing, at),
    )
    return request
  }

  async deny(id: string, person: Person, reason: string): Promise<AccessRequest> {
    const { coolDownMs } = this.#limits
    const { request } = await this.#changes.change(id, (current, at) =>
      machine.deny(current, person, reason, coolDownMs, at),
    )
    return request
  }

  async revoke(id: string, person: Person, reason: string): Promise<AccessRequest> {
    const { request } = await this.#changes.change(id, (current, at) =>
      machine.revoke(current, person, reason, at),
    )
    return request
  }

  /** Safe to be run by every replica at any time. Rejects where store or journal fail; the next one goes on. */
  async sweep(): Promise<void> {
    const { store, clock } = this.#ports
    const nowMs = clock.now()
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const overdue = await store.overdue(nowMs, SWEEP)
      for (const request of overdue) await this.#changes.change(request.id, machine.expire, request)
      if (overdue.length < SWEEP) break
    }
    for (let step = 0; step < SWEEP_STEPS; step++) {
      if ((await this.#changes.recordLeft(nowMs - LEFT_AFTER_MS, SWEEP)) < SWEEP) break
    }
    if (nowMs - this.#forgotAtMs < FORGET_EVERY_MS) return
    const beforeId = firstIdAt(nowMs - this.#limits.keepForMs)
    for (let step = 0; step < SWEEP_STEPS; step++) {
      if ((await store.forget(beforeId, SWEEP)) < SWEEP) break
    }
    this.#forgotAtMs = nowMs
  }

  /** Takes a use: of the grant for this very call, else of standing access, which ends first. */
  async #spendAny(
    question: CallQuestion,
    decisionId: string,
    standing: AccessRequest | undefined,
  ): Promise<Settled | undefined> {
    if (standing?.state === 'approved') {
      const granted = await this.#spend(standing, question.requester, decisionId)
      if (granted !== undefined) return granted
    }
    const { principalKey, roleArn } = question.requester
    const scopes = await this.#ports.store.scopes(principalKey, roleArn, this.#ports.clock.now())
    for (const request of scopes.toSorted((a, b) => a.standsUntilMs - b.standsUntilMs)) {
      const { scope, demands } = request
      if (scope === undefined || !scopeCovers({ scope, demands }, question)) continue
      const granted = await this.#spend(request, question.requester, decisionId)
      if (granted !== undefined) return granted
    }
    return undefined
  }

  /** Undefined where no use is left by the time that it would be taken. */
  async #spend(
    found: AccessRequest,
    { principalKey, roleArn }: Requester,
    decisionId: string,
  ): Promise<Settled | undefined> {
    // The store was asked for this principal in this role; a grant of another would be a breach.
    const { requester } = found
    if (requester.principalKey !== principalKey || requester.roleArn !== roleArn) return undefined
    const { request, changed }: Changed = await this.#changes.change(
      found.id,
      (current, at) =>
        machine.isSpendable(current, at.nowMs) ? machine.spend(current, decisionId, at) : undefined,
      found,
    )
    // A store or a journal may have taken its time, and the moment of execution is now.
    const expiresAtMs = request.grant?.expiresAtMs ?? 0
    if (!changed || this.#ports.clock.now() >= expiresAtMs) return undefined
    const by = request.approvals.map(approval => approval.by)
    return { state: 'granted', grant: { requestId: request.id, by, kind: request.kind }, request }
  }

  async #askFor(question: CallQuestion, digest: string): Promise<AccessRequest> {
    return await this.#ask(question.requester, digest, async () => {
      return callAsked(question, digest, await question.describe(), this.#limits)
    })
  }

  /** A new request; or the one that somebody has made for the same question in between. */
  async #ask(
    requester: Requester,
    digest: string,
    describe: () => Promise<Unnumbered>,
  ): Promise<AccessRequest> {
    return await this.#asking.take(digest, async () => {
      const standing = await this.#ports.store.standingFor(digest, this.#ports.clock.now())
      if (standing !== undefined) return standing
      return await this.#places.within(requester.principalKey, async () => {
        if (!this.#rate.take(identityOf(requester))) {
          throw new GateError('requests-too-many', 'this principal has asked for too many approvals at once')
        }
        const asked = await describe()
        return await this.#changes.open((at, id) => machine.ask({ id, ...asked }, this.#limits.openForMs, at))
      })
    })
  }
}
