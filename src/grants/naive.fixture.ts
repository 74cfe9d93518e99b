import assert from 'node:assert/strict'
import type { Person, RequestEvent } from './model.ts'
import type { Committed } from './replicas.fixture.ts'

/** What the naive model knows of a request: no more than its rules need. */
interface Naive {
  readonly digest: string
  readonly closesAtMs: number
  readonly demands: readonly { readonly from: readonly string[]; readonly count: number }[]
  readonly askedBy: string
  readonly isOver: () => boolean
  readonly approvers: Set<string>
  most: number
  forMs: number
  usesLeft: number
  endsAtMs: number | undefined
  closed: boolean
  /** A denial answers the question until then. */
  answersUntilMs: number
}

const COOL_DOWN_MS = 300_000

/**
 * The rules once more, in the plainest form, over the history of what the store took: it has no versions, no
 * states and no desk. Throws at the first event that should not have happened.
 */
export class NaiveRequests {
  readonly #requests = new Map<string, Naive>()
  readonly #people: ReadonlyMap<string, Person>
  /** Calls that took a use, and of which request. */
  readonly spent: Map<string, string> = new Map()

  constructor(people: readonly Person[]) {
    this.#people = new Map(people.map(person => [person.id, person]))
  }

  play(history: readonly Committed[]): void {
    for (const { change, isNew } of history) {
      assert.equal(change.events.length, 1, 'each change has its event')
      const [event] = change.events
      assert.ok(event)
      if (isNew) this.#begin(change.request, event)
      else this.#go(event, change.request.approvals.at(-1))
    }
  }

  #begin(request: Committed['change']['request'], { what, timeMs }: RequestEvent): void {
    assert.ok(!this.#requests.has(request.id), 'an id is given once')
    if (what === 'broke-glass') return
    assert.equal(what, 'asked')
    const naive: Naive = {
      digest: request.digest,
      closesAtMs: request.openUntilMs,
      demands: request.demands,
      askedBy: request.requester.subject,
      isOver: () => naive.closed || naive.endsAtMs !== undefined,
      approvers: new Set(),
      most: request.uses,
      forMs: request.validForMs,
      usesLeft: 0,
      endsAtMs: undefined,
      closed: false,
      answersUntilMs: 0,
    }
    for (const other of this.#requests.values()) {
      const untilMs = other.closed ? other.answersUntilMs : (other.endsAtMs ?? other.closesAtMs)
      assert.ok(other.digest !== naive.digest || untilMs <= timeMs, 'one request stands for a question')
    }
    this.#requests.set(request.id, naive)
  }

  #go(
    event: RequestEvent,
    approval: { readonly uses?: number; readonly validForMs?: number } | undefined,
  ): void {
    const request = this.#requests.get(event.requestId)
    assert.ok(request, 'what is changed was asked')
    switch (event.what) {
      case 'approved':
        this.#approve(request, event, approval ?? {})
        return
      case 'denied':
        assert.ok(!request.isOver() && event.timeMs < request.closesAtMs)
        assert.ok(this.#named(request, event.by).length > 0)
        request.closed = true
        request.answersUntilMs = event.timeMs + COOL_DOWN_MS
        return
      case 'revoked':
        assert.ok(!request.closed)
        request.closed = true
        return
      case 'expired':
        assert.ok(!request.closed && event.timeMs >= (request.endsAtMs ?? request.closesAtMs))
        request.closed = true
        return
      case 'spent':
        this.#spend(request, event)
        return
      default:
        assert.equal(event.what, 'shown')
    }
  }

  #approve(
    request: Naive,
    event: RequestEvent,
    { uses, validForMs }: { readonly uses?: number; readonly validForMs?: number },
  ): void {
    assert.ok(!request.isOver() && event.timeMs < request.closesAtMs, 'only what is open is approved')
    assert.ok(this.#named(request, event.by).length > 0, 'by whom a demand names')
    assert.ok(event.by !== undefined && !request.approvers.has(event.by), 'and by each once')
    request.approvers.add(event.by)
    request.most = Math.min(request.most, uses ?? request.most)
    request.forMs = Math.min(request.forMs, validForMs ?? request.forMs)
    const isMet = request.demands.every(({ count }, number) => {
      return [...request.approvers].filter(by => this.#named(request, by).includes(number)).length >= count
    })
    assert.equal(event.state, isMet ? 'approved' : 'pending')
    if (!isMet) return
    request.usesLeft = request.most
    request.endsAtMs = event.timeMs + request.forMs
    assert.deepEqual([event.usesLeft, event.expiresAtMs], [request.usesLeft, request.endsAtMs])
  }

  #spend(request: Naive, { timeMs, usesLeft, decisionId = '', requestId }: RequestEvent): void {
    assert.ok(!request.closed && request.endsAtMs !== undefined, 'only what was approved is spent')
    assert.ok(timeMs < request.endsAtMs, 'and not after its time')
    assert.ok(request.usesLeft > 0, 'and no more than was granted')
    request.usesLeft--
    assert.equal(usesLeft, request.usesLeft)
    if (request.usesLeft === 0) request.closed = true
    this.spent.set(decisionId, requestId)
  }

  /** Numbers of the demands that name somebody who has not asked. */
  #named({ demands, askedBy }: Naive, by: string | undefined): number[] {
    const person = this.#people.get(by ?? '')
    if (person === undefined || person.subject === askedBy) return []
    const names = [...person.groups.map(group => `group/${group}`), `person/${person.id}`]
    return [...demands.keys()].filter(number => demands[number]?.from.some(from => names.includes(from)))
  }
}
