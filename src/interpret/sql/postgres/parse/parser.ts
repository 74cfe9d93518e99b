import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { GateError } from '../../../../core/errors.ts'
import { MAX_NESTING, MAX_SQL_BYTES, MAX_WAITING, MAX_WAITING_BYTES, PARSE_MS, STACK_MIB } from './limits.ts'
import type { ParseAnswer, Parsed, ParserReady, ParseTask } from './messages.ts'
import { nestingOf } from './nesting.ts'

/** PostgreSQL's grammar, for one process. */
export interface SqlParser {
  /**
   * Parses a text, which may hold several statements. Rejects with `sql-parser-gone` where the parser died of it (it is
   * replaced, and what waited is parsed by the next), and with `overloaded`.
   */
  parse(sql: string): Promise<Parsed>
  close(): Promise<void>
}

interface Waiting {
  readonly sql: string
  resolve(parsed: Parsed): void
  reject(error: GateError): void
}

/** Timers, as a parameter. Returns what cancels it. */
export type After = (delayMs: number, run: () => void) => () => void

export interface ParserPorts {
  readonly after: After
  /** Starts a thread; another one in tests. */
  readonly thread?: () => Worker
}

export function openParser(ports: ParserPorts): SqlParser {
  return new ThreadParser(ports)
}

/**
 * One thread, one text at a time: a text is parsed in tens of microseconds, and statements that were seen before never
 * come here. What waits is bounded by number and bytes.
 */
class ThreadParser implements SqlParser {
  readonly #ports: ParserPorts
  #worker: Worker | undefined
  #isReady = false
  #queue: Waiting[] = []
  #queuedBytes = 0
  #current: { readonly number: number; readonly waiting: Waiting } | undefined
  #number = 0
  #cancelTimer: (() => void) | undefined
  #closed = false

  constructor(ports: ParserPorts) {
    this.#ports = ports
    this.#start()
  }

  parse(sql: string): Promise<Parsed> {
    const refused = whyNotParsed(sql)
    if (refused !== undefined) return Promise.resolve({ kind: 'too-complex', reason: refused })
    if (this.#closed) return Promise.reject(new GateError('sql-parser-gone', 'the gate is stopping'))
    if (this.#queue.length >= MAX_WAITING || this.#queuedBytes + sql.length > MAX_WAITING_BYTES) {
      return Promise.reject(new GateError('overloaded', 'too many statements wait for the SQL parser'))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ sql, resolve, reject })
      this.#queuedBytes += sql.length
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#fail(new GateError('sql-parser-gone', 'the gate is stopping'))
    for (const { reject } of this.#queue.splice(0)) {
      reject(new GateError('sql-parser-gone', 'the gate is stopping'))
    }
    await worker?.terminate()
  }

  #start(): void {
    const worker = this.#ports.thread?.() ?? startThread()
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
    this.#fail(new GateError('sql-parser-gone', why))
    if (!this.#closed) this.#start()
  }

  #next(): void {
    if (!this.#isReady || this.#current !== undefined) return
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#queuedBytes -= waiting.sql.length
    this.#number += 1
    this.#current = { number: this.#number, waiting }
    const task: ParseTask = { number: this.#number, sql: waiting.sql }
    this.#worker?.postMessage(task)
    this.#cancelTimer = this.#ports.after(PARSE_MS, () => {
      this.#replace(`the SQL parser took longer than ${PARSE_MS} ms`)
    })
  }

  #answer({ number, json }: ParseAnswer): void {
    const current = this.#current
    if (current?.number !== number) return
    this.#settle()
    current.waiting.resolve(JSON.parse(json) as Parsed)
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

function startThread(): Worker {
  // The gate runs as TypeScript from a checkout and as JavaScript from a package.
  const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)
  return new Worker(entry, { resourceLimits: { stackSizeMb: STACK_MIB, maxOldGenerationSizeMb: 512 } })
}

/** What is refused before the parser sees it. */
function whyNotParsed(sql: string): string | undefined {
  // The parser would stop there without a word, and the server would not be asked about the rest.
  if (sql.includes('\0')) return 'the text holds a NUL'
  if (sql.length > MAX_SQL_BYTES || Buffer.byteLength(sql) > MAX_SQL_BYTES) {
    return `the text is longer than ${MAX_SQL_BYTES} bytes`
  }
  if (!sql.isWellFormed()) return 'the text is not well-formed Unicode'
  if (sql.length > MAX_NESTING && nestingOf(sql) > MAX_NESTING) {
    return `the text is nested deeper than ${MAX_NESTING} terms`
  }
  return undefined
}
