import type { Socket } from 'node:net'
import { GateError } from '../../core/errors.ts'
import type { Frame } from '../../wire/postgres/framer.ts'
import type { BackendMessage, Fields, TransactionState } from '../../wire/postgres/messages.ts'
import type { BackendReader } from '../../wire/postgres/reader.ts'
import { BACKEND } from '../../wire/postgres/types.ts'
import { writeBackend, writeDataRow } from '../../wire/postgres/writer.ts'
import { Outbox } from '../sql/outbox.ts'
import { type Awaited, ReplyQueue } from './awaited.ts'
import { RowWidth } from './row-width.ts'
import type { Run } from './run.ts'
import { drained, type Source } from './source.ts'

/** What was sent to the server, and what becomes of its answer. */
export interface Sent extends Awaited {
  /** The statement that it belongs to. */
  readonly run?: Run
  /** The last message of its statement: the run ends with it. */
  readonly isLast?: boolean
  /** The gate's own question: its answer is for the gate. */
  readonly own?: (message: BackendMessage) => void
  /** So is its error: no message of the client is in its batch. */
  readonly isAside?: boolean
  /** Sent to fail: this stands in the place of the server's error. */
  readonly poison?: Buffer
  /** Errors may quote what is masked. */
  readonly isHushed?: boolean
  /** Called before anything of a result passes; rejects where it must not. Undefined: it came in time. */
  readonly inTime?: () => Promise<void> | undefined
  /** The answer is complete; it did not fail. */
  readonly done?: () => void
  /** It failed, or was skipped: nothing of it holds. */
  readonly undo?: () => void
}

/** One message for the server, and what its answer is for. */
export type Message = readonly [sent: Sent, bytes: Buffer]

export interface RelayPorts {
  /** The server is ready for more. */
  onReady(state: TransactionState): void
  onParameter(name: string, value: string): void
  /** Somebody waits for the server: it is to have all that it was sent. */
  beforeWait(): void
}

type Kind = BackendMessage['kind']
const KINDS: ReadonlyMap<number, Kind> = new Map(
  Object.entries(BACKEND).map(([kind, type]) => [type, kind as Kind]),
)
/** What begins a result, or says that a statement was planned. */
const RESULTS: ReadonlySet<number> = new Set([
  BACKEND['row-description'],
  BACKEND['data-row'],
  BACKEND['copy-out-response'],
  BACKEND['bind-complete'],
  BACKEND['command-complete'],
])
/** Rows that pass by one write at most. */
const MAX_ROWS = 4096
/** Of an error that could quote what is masked, these are kept. */
const HARMLESS_FIELDS: ReadonlySet<string> = new Set(['S', 'V', 'C'])

const OTHER_WIDTH = 'rows of another width than the statement was understood to give'

/** What the server says, on its way to the client: in order, masked, and no faster than the client reads. */
export class Relay {
  readonly queue: ReplyQueue<Sent> = new ReplyQueue()
  readonly #upstream: Source<BackendReader>
  readonly #client: Socket
  readonly #outbox: Outbox
  readonly #ports: RelayPorts
  #idle: (() => void)[] = []
  /** Rows of the portal that is read, since its Execute. */
  #rows = 0
  #over = false
  /** The result that passes has come in time. */
  #isInTime = false
  /** Settles when the result that begins may pass. */
  #late: Promise<void> | undefined
  #isWithin = false
  readonly #width = new RowWidth()
  /** Something of this transaction may quote what is masked. */
  #hushed = false

  constructor(upstream: Source<BackendReader>, client: Socket, ports: RelayPorts) {
    this.#upstream = upstream
    this.#client = client
    this.#outbox = new Outbox(client)
    this.#ports = ports
  }

  /** Runs until the server or the client is gone. Rejects where the server says what has no place. */
  async run(): Promise<void> {
    for (;;) {
      try {
        while (!this.#client.writableNeedDrain && !this.#isLate() && this.#step()) if (this.#over) return
      } finally {
        this.#outbox.flush()
      }
      const late = this.#late
      this.#late = undefined
      await late
      if (this.#client.destroyed || this.#over) return
      if (late !== undefined) continue
      if (this.#client.writableNeedDrain) await drained(this.#client)
      else if (this.#upstream.ended) return
      else await this.#upstream.more()
    }
  }

  /** Whether a message has gone to the client in part: nothing else can be said to it. */
  get isWithin(): boolean {
    return this.#isWithin
  }

  /** Resolves when all that was sent is answered, or never will be. */
  idle(): Promise<void> {
    if (this.queue.isEmpty) return Promise.resolve()
    this.#ports.beforeWait()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  /** Nothing is answered any more; statements that were on their way end with this code. */
  abandon(code: string): void {
    this.#over = true
    this.#drop(this.queue.abandon(), code)
    this.#checkIdle()
  }

  /** Whether the result that begins is to wait until it is known that it may pass. */
  #isLate(): boolean {
    const { head } = this.queue
    if (head?.inTime === undefined || this.#isInTime) return false
    const type = this.#upstream.reader.nextType
    if (type === undefined || !RESULTS.has(type)) return false
    this.#isInTime = true
    this.#late = head.inTime()
    return this.#late !== undefined
  }

  /** One message, or many rows. False where there is none. */
  #step(): boolean {
    const head = this.queue.head
    const { reader } = this.#upstream
    const isHeld = head?.own !== undefined || head?.run?.isMasking === true
    reader.holdsData = isHeld
    if (head?.run !== undefined && head.own === undefined && this.#manyRows(head.run)) return true
    const frame = reader.next()
    if (frame === undefined) return false
    this.#take(frame)
    return true
  }

  /** Rows that need not be taken apart one by one. False where there are none. */
  #manyRows(run: Run): boolean {
    const { reader } = this.#upstream
    const { isRewriting } = run
    if (run.isReading && !isRewriting) return false
    const rows = isRewriting ? reader.nextHeldRows(MAX_ROWS) : reader.nextRows(MAX_ROWS, run.width)
    if (rows === undefined) return false
    this.queue.take('data-row')
    this.#rows += rows.count
    this.#pass(isRewriting ? run.rewritten(rows.bytes) : rows.bytes, run)
    return true
  }

  #take(frame: Frame): void {
    const kind = KINDS.get(frame.type)
    if (kind === undefined) throw misplaced('a message of an unknown type')
    this.#isWithin = frame.part === 'first' || frame.part === 'middle'
    if (frame.part === 'middle' || frame.part === 'last') {
      if (!this.#width.more(frame.bytes)) throw misplaced(OTHER_WIDTH)
      this.#pass(frame.bytes, this.queue.head?.run)
      return
    }
    const { item, ended, skipped } = this.queue.take(kind)
    if (item === undefined) this.#ownAccord(frame, kind)
    // The error of a question that the gate put into the client's batch is the client's error.
    else if (item.own !== undefined && (kind !== 'error' || item.isAside === true)) {
      item.own(this.#upstream.reader.read(frame))
    } else this.#answer(frame, kind, item)
    if (item !== undefined && ended) this.#end(item, kind === 'error')
    if (skipped.length > 0) this.#drop(skipped, 'skipped')
    if (kind === 'ready') this.#ready(frame)
    this.#checkIdle()
  }

  #answer(frame: Frame, kind: Kind, item: Sent): void {
    const { run } = item
    if (kind === 'data-row') {
      this.#row(frame, run)
      return
    }
    if (kind === 'copy-data') {
      if (run?.mayCopyOut !== true) throw misplaced('data of COPY that no statement was to give')
      this.#copied(frame, run)
      return
    }
    // It passes by its bytes, and is read all the same: nothing hides in it.
    const message = this.#upstream.reader.read(frame)
    switch (message.kind) {
      case 'row-description':
        if (item.kind === 'query' && run?.needsColumns === true) run.describe(message.columns)
        break
      case 'error':
        this.#error(frame, item)
        return
      case 'command-complete':
        // A Query may have another result.
        this.#isInTime = false
        run?.completed(message.tag)
        break
      case 'portal-suspended':
        run?.suspended(this.#rows)
        break
      case 'copy-in-response':
        if (run?.onCopyIn === undefined) throw misplaced('a request for data that no statement was to make')
        this.#pass(frame.bytes, undefined)
        run.onCopyIn()
        return
      case 'copy-out-response':
        if (run?.mayCopyOut !== true) throw misplaced('data of COPY that no statement was to give')
        run.keepNot('data of COPY')
        run.beginCopy(message)
        break
      default:
        break
    }
    this.#pass(frame.bytes, run)
  }

  #row(frame: Frame, run: Run | undefined): void {
    this.#rows += 1
    if (run?.width === undefined) this.#width.end()
    else if (!this.#width.begin(frame.bytes, run.width)) throw misplaced(OTHER_WIDTH)
    if (run === undefined || !run.isMasking) {
      if (run?.isReading === true) this.#keep(frame, run)
      this.#pass(frame.bytes, run)
      return
    }
    if (!run.isDescribed) throw misplaced('rows that it has not described')
    this.#pass(writeDataRow(run.masked(this.#upstream.reader.readRow(frame).values)), run)
  }

  #copied(frame: Frame, run: Run): void {
    const message = run.hasMasks ? this.#upstream.reader.read(frame) : undefined
    if (message?.kind !== 'copy-data') {
      this.#pass(frame.bytes, run)
      return
    }
    this.#pass(writeBackend({ kind: 'copy-data', data: run.maskedCopy(message.data) }), run)
  }

  /** A row that passes as it is. */
  #keep(frame: Frame, run: Run): void {
    if (frame.part === 'whole') run.keep(this.#upstream.reader.readRow(frame).values)
    else run.keepNot('rows that come in pieces')
  }

  #error(frame: Frame, item: Sent): void {
    const message = this.#upstream.reader.read(frame)
    const fields = message.kind === 'error' ? message.fields : []
    item.run?.failed(fields.find(([letter]) => letter === 'C')?.[1] ?? 'unknown')
    if (item.poison !== undefined) {
      this.#pass(item.poison, undefined)
      return
    }
    const said = this.#isHushed(item) ? hushed(fields) : item.run?.reworded(fields)
    this.#pass(said === undefined ? frame.bytes : writeBackend({ kind: 'error', fields: said }), item.run)
  }

  /** Notices, notifications and settings; an error behind which the server ends. */
  #ownAccord(frame: Frame, kind: Kind): void {
    const message = this.#upstream.reader.read(frame)
    if (message.kind === 'parameter-status') this.#ports.onParameter(message.name, message.value)
    const { head } = this.queue
    const fields = 'fields' in message ? message.fields : undefined
    const said = fields && (this.#isHushed(head) ? hushed(fields) : head?.run?.reworded(fields))
    const isProse = kind === 'notice' || kind === 'error'
    const bytes = isProse && said !== undefined ? writeBackend({ kind, fields: said }) : frame.bytes
    this.#pass(bytes, undefined)
  }

  /** Deferred constraints and triggers speak of rows later: with SET CONSTRAINTS, or when the transaction ends. */
  #isHushed(item: Sent | undefined): boolean {
    return this.#hushed || item?.isHushed === true || item?.run?.isHushed === true
  }

  #ready(frame: Frame): void {
    const message = this.#upstream.reader.read(frame)
    if (message.kind !== 'ready') return
    if (message.state === 'I') this.#hushed = false
    this.#ports.onReady(message.state)
  }

  #end(item: Sent, isFailed: boolean): void {
    this.#rows = 0
    this.#isInTime = false
    if (item.run?.isHushed === true && item.kind !== 'sync') this.#hushed = true
    if (item.poison !== undefined && !isFailed && item.kind !== 'query') {
      throw misplaced('that what was sent to fail has not failed')
    }
    if (isFailed || item.run?.error !== undefined) item.undo?.()
    else item.done?.()
    if (item.isLast === true) item.run?.end()
  }

  /** The last of what is undone was done first. */
  #drop(items: readonly Sent[], code: string): void {
    for (const item of items.toReversed()) {
      item.undo?.()
      item.run?.failed(code)
      if (item.isLast === true) item.run?.end()
    }
  }

  #pass(bytes: Buffer, run: Run | undefined): void {
    if (run?.withholds(bytes) === true) return
    run?.sent(bytes.length)
    this.#outbox.push(bytes)
  }

  /** Says something of the gate's own, from within the answer to a question of the gate's. */
  say(bytes: Buffer): void {
    this.#pass(bytes, undefined)
  }

  #checkIdle(): void {
    if (!this.queue.isEmpty) return
    for (const wake of this.#idle.splice(0)) wake()
  }
}

function hushed(fields: Fields): Fields {
  const kept = fields.filter(([letter]) => HARMLESS_FIELDS.has(letter))
  return [...kept, ['M', 'the server says more, which may hold what is masked for this principal']]
}

function misplaced(what: string): GateError {
  return new GateError('postgres-reply-malformed', `the server sends ${what}`)
}
