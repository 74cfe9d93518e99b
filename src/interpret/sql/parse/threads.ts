import type { Worker } from 'node:worker_threads'
import { GateError } from '../../../core/errors.ts'

/** To a parser's thread: a text to parse. */
export interface ParseTask {
  readonly number: number
  readonly sql: string
}

/** From the thread: JSON of what it read, for structured cloning recurses on deep trees and JSON does not. */
export interface ParseAnswer {
  readonly number: number
  readonly json: string
}

/** From the thread, first: it is there. */
export interface ParserReady {
  readonly ready: true
}

/** Timers, as a parameter. Returns what cancels it. */
export type After = (delayMs: number, run: () => void) => () => void

export interface ThreadPorts {
  readonly after: After
  readonly thread: () => Worker
}

/** Bounds of what waits, and of the time for one text; the thread is replaced after it. */
export interface ThreadLimits {
  readonly parseMs: number
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
}

interface Waiting<T> {
  readonly sql: string
  resolve(parsed: T): void
  reject(error: GateError): void
}

/**
 * A parser in a thread that is replaced whenever it dies: one text at a time, for a text is parsed in tens of
 * microseconds, and statements that were seen before never come here. What waits is bounded by number and length.
 */
export class ParserThreads<T> {
  readonly #ports: ThreadPorts
  readonly #limits: ThreadLimits
  #worker: Worker | undefined
  #isReady = false
  #queue: Waiting<T>[] = []
  #queuedLength = 0
  #current: { readonly number: number; readonly waiting: Waiting<T> } | undefined
  #number = 0
  #cancelTimer: (() => void) | undefined
  #closed = false

  constructor(ports: ThreadPorts, limits: ThreadLimits) {
    this.#ports = ports
    this.#limits = limits
    this.#start()
  }

  /** Rejects with `sql-parser-gone` where the thread died of the text, and with `overloaded`. */
  parse(sql: string): Promise<T> {
    if (this.#closed) return Promise.reject(gone('the gate is stopping'))
    const { maxWaiting, maxWaitingBytes } = this.#limits
    if (this.#queue.length >= maxWaiting || this.#queuedLength + sql.length > maxWaitingBytes) {
      return Promise.reject(new GateError('overloaded', 'too many statements wait for the SQL parser'))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ sql, resolve, reject })
      this.#queuedLength += sql.length
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#fail(gone('the gate is stopping'))
    for (const { reject } of this.#queue.splice(0)) reject(gone('the gate is stopping'))
    await worker?.terminate()
  }

  #start(): void {
    const worker = this.#ports.thread()
    this.#worker = worker
    this.#isReady = false
    worker.on('message', (message: ParseAnswer | ParserReady) => {
      if (worker !== this.#worker) return
      if ('ready' in message) this.#isReady = true
      else this.#answer(message)
      this.#next()
    })
    // A thread that throws ends; what it was at is refused, and the next one takes the rest.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      if (worker === this.#worker) this.#replace('the SQL parser ended while it read the statement')
    })
  }

  #replace(why: string): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#fail(gone(why))
    if (!this.#closed) this.#start()
  }

  #next(): void {
    if (!this.#isReady || this.#current !== undefined) return
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#queuedLength -= waiting.sql.length
    this.#number += 1
    this.#current = { number: this.#number, waiting }
    const task: ParseTask = { number: this.#number, sql: waiting.sql }
    this.#worker?.postMessage(task)
    const { parseMs } = this.#limits
    this.#cancelTimer = this.#ports.after(parseMs, () => {
      this.#replace(`the SQL parser took longer than ${parseMs} ms`)
    })
  }

  #answer({ number, json }: ParseAnswer): void {
    const current = this.#current
    if (current?.number !== number) return
    this.#settle()
    current.waiting.resolve(JSON.parse(json) as T)
  }

  #fail(error: GateError): void {
    const current = this.#current
    this.#settle()
    current?.waiting.reject(error)
  }

  #settle(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#current = undefined
  }
}

function gone(why: string): GateError {
  return new GateError('sql-parser-gone', why)
}
