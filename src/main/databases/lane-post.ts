import { GateError } from '../../core/errors.ts'
import type { Lanes } from '../../gateway/sql/lanes.ts'

/** What goes from one process of the gate to another, by way of the primary, which reads `to` alone. */
export interface LaneMessage {
  readonly kind: 'lane'
  readonly from: number
  readonly to: number
  /** Of a question, and its answer; absent: nobody waits. */
  readonly number?: number
  /** What is asked for; absent in an answer. */
  readonly topic?: string
  readonly body: unknown
}

/** Takes what another process says of a topic, and gives its answer. */
type Listener = (body: unknown) => Promise<unknown>

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: GateError) => void
  readonly giveUp: () => void
}

export interface LanePostPorts {
  readonly lanes: Lanes
  send(message: LaneMessage): void
  after(delayMs: number, run: () => void): () => void
}

/** As long as a database may take to hear of it, and a little more, ms. */
const ANSWER_MS = 20_000
/** Questions that wait for an answer. */
const MAX_WAITING = 1_000

/** The way from one process of the gate to another. Processes trust each other: they are one gate. */
export class LanePost {
  readonly lanes: Lanes
  readonly #ports: LanePostPorts
  readonly #listeners = new Map<string, Listener>()
  readonly #waiting = new Map<number, Waiting>()
  #number = 0

  constructor(ports: LanePostPorts) {
    this.#ports = ports
    this.lanes = { own: ports.lanes.own, count: ports.lanes.count }
  }

  on(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener)
  }

  /** Says something, and does not wait. */
  tell(lane: number, topic: string, body: unknown): void {
    this.#ports.send({ kind: 'lane', from: this.lanes.own, to: lane, topic, body })
  }

  /** Rejects with `overloaded` where no answer comes, and with what the other process says. */
  ask(lane: number, topic: string, body: unknown): Promise<unknown> {
    const error = new GateError('overloaded', 'another process of the gate does not answer')
    if (this.#waiting.size >= MAX_WAITING) return Promise.reject(error)
    const number = ++this.#number
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const giveUp = this.#ports.after(ANSWER_MS, () => {
      this.#waiting.delete(number)
      reject(error)
    })
    this.#waiting.set(number, { resolve, reject, giveUp })
    this.#ports.send({ kind: 'lane', from: this.lanes.own, to: lane, number, topic, body })
    return promise
  }

  /** Takes what came for this process. */
  async receive({ from, number, topic, body }: LaneMessage): Promise<void> {
    if (topic === undefined) {
      if (number !== undefined) this.#answered(number, body as Answer)
      return
    }
    const answer = await this.#answerTo(topic, body)
    if (number === undefined) return
    this.#ports.send({ kind: 'lane', from: this.lanes.own, to: from, number, body: answer })
  }

  #answered(number: number, answer: Answer): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    waiting.giveUp()
    if ('failed' in answer) waiting.reject(new GateError('database-unreachable', answer.failed))
    else waiting.resolve(answer.value)
  }

  async #answerTo(topic: string, body: unknown): Promise<Answer> {
    try {
      return { value: await this.#listeners.get(topic)?.(body) }
    } catch (error) {
      return {
        failed: error instanceof GateError ? error.message : 'another process of the gate failed at it',
      }
    }
  }
}

type Answer = { readonly value: unknown } | { readonly failed: string }
