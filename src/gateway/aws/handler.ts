import type { Decision } from '../../core/decision.ts'
import { asGateError, type GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Handler, Incoming } from '../../listener/server.ts'
import { settleApproval } from '../approval.ts'
import type { CallerFacts } from '../context.ts'
import {
  type Driver,
  type ExchangePorts,
  exchange,
  type Held,
  type Outcome,
  type Progress,
} from '../exchange.ts'
import type { Admission } from '../sessions/live-calls.ts'
import { approvalCase } from './approval.ts'
import { AwsDriver } from './driver.ts'
import { isCallerIdentity } from './local.ts'
import { decideMasked } from './masking.ts'
import type { AwsQuestion } from './question.ts'
import type { AwsRooms } from './rooms.ts'
import { sendRefusal } from './send-refusal.ts'
import { exchangeToken, wantsToken } from './token-exchange.ts'

/** What IAM grants to everybody: to ask who one is. */
const CALLER_IDENTITY: Decision = {
  effect: 'allow',
  statements: [{ policy: 'the gate', statement: 'CallerIdentity', effect: 'Allow' }],
  obligations: [],
}

/** Takes every request of the AWS side. */
export function awsHandler(rooms: AwsRooms): Handler {
  return incoming => {
    const eventId = rooms.recorder.newEventId()
    // A client that breaks its connection is no error of ours; the exchange sees the body end.
    incoming.request.on('error', () => incoming.request.destroy())
    incoming.response.on('error', () => incoming.response.destroy())
    take(eventId, incoming, rooms).catch((failure: unknown) => {
      const error = asGateError(failure)
      rooms.observer.trouble(eventId, error)
      sendRefusal(incoming, { eventId, error }, undefined)
    })
  }
}

async function take(eventId: string, incoming: Incoming, rooms: AwsRooms): Promise<void> {
  const facts = callerFacts(incoming)
  if (wantsToken(incoming)) return exchangeToken(eventId, incoming, facts, rooms)
  rooms.observer.started()
  const driver = new AwsDriver(incoming, facts, eventId, rooms)
  const ports = new CallPorts(eventId, incoming, facts, rooms, bytesOut => driver.kept(bytesOut))
  try {
    await exchange(eventId, driver, ports)
  } finally {
    driver.release()
    ports.ended()
  }
}

function callerFacts({ facts, request }: Incoming): CallerFacts {
  const userAgent = request.headers['user-agent']
  return {
    clientAddress: facts.clientAddress,
    secure: facts.secure,
    ...(userAgent === undefined ? {} : { userAgent }),
  }
}

type Wait = (left: AbortSignal) => Promise<void>

/** The rooms as one call sees them. */
class CallPorts implements ExchangePorts<AwsQuestion> {
  readonly #eventId: string
  readonly #incoming: Incoming
  readonly #facts: CallerFacts
  readonly #rooms: AwsRooms
  readonly #kept: AwsDriver['kept']
  readonly #startMs: number
  #effect: 'allow' | 'deny' | 'refused' = 'refused'
  #service = '-'
  #outcome: Outcome | undefined
  #heldMs = 0
  #admission: Admission | undefined

  constructor(
    eventId: string,
    incoming: Incoming,
    facts: CallerFacts,
    rooms: AwsRooms,
    kept: AwsDriver['kept'],
  ) {
    this.#eventId = eventId
    this.#incoming = incoming
    this.#facts = facts
    this.#rooms = rooms
    this.#kept = kept
    this.#startMs = rooms.clock.now()
  }

  admit(principal: Principal): Admission {
    this.#admission = this.#rooms.liveCalls.admit(principal)
    return this.#admission
  }

  decide(question: AwsQuestion): Decision {
    this.#service = question.call.service
    return isCallerIdentity(question.call) ? CALLER_IDENTITY : decideMasked(question, this.#rooms)
  }

  settle(question: AwsQuestion, decision: Decision, hold: Driver<AwsQuestion>['hold']): Promise<Decision> {
    const asked = approvalCase(this.#eventId, question, this.#rooms, {
      hold: (wait, awaited) => this.#hold(left => hold(left, awaited), wait),
      checkSession: () => this.#admission?.check(),
    })
    return settleApproval(decision, asked, this.#rooms.approvals)
  }

  /** The gate's own time is measured, not that of people. */
  async #hold(hold: (wait: Wait) => Promise<Held>, wait: Wait): Promise<Held> {
    const { clock, observer } = this.#rooms
    const fromMs = clock.now()
    observer.held(1)
    try {
      return await hold(left => wait(this.#untilEnded(left)))
    } finally {
      observer.held(-1)
      this.#heldMs += clock.now() - fromMs
    }
  }

  /** Nobody is asked any longer for a session that was ended. */
  #untilEnded(left: AbortSignal): AbortSignal {
    return this.#admission === undefined ? left : AbortSignal.any([left, this.#admission.ended])
  }

  async recordDecision(progress: Progress<AwsQuestion>): Promise<void> {
    await this.#rooms.recorder.decision(this.#eventId, progress, this.#facts)
    this.#effect = progress.decision?.effect === 'allow' ? 'allow' : 'deny'
    this.#rooms.observer.decided(this.#rooms.clock.now() - this.#startMs - this.#heldMs)
  }

  recordRefusal(progress: Progress<AwsQuestion>, error: GateError): Promise<void> {
    const { method, target } = this.#incoming.head
    const path = target.split('?', 1)[0] ?? ''
    return this.#rooms.recorder.refusal(this.#eventId, progress, this.#facts, error, { method, path })
  }

  async recordOutcome(progress: Progress<AwsQuestion>, outcome: Outcome): Promise<void> {
    this.#outcome = outcome
    const kept = await this.#kept(outcome.bytesOut)
    await this.#rooms.recorder.outcome(this.#eventId, progress, { ...outcome, ...kept }, this.#startMs)
  }

  trouble(error: GateError): void {
    this.#rooms.observer.trouble(this.#eventId, error)
  }

  ended(): void {
    this.#rooms.observer.ended(this.#effect, this.#service, this.#outcome)
  }
}
