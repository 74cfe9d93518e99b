import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../event.ts'
import { TEXT_KEYS, type TextKey } from '../search/query.ts'
import { type Findable, valuesOf } from '../search/values.ts'
import type { BlockHead, Part, Stray } from './block.ts'
import { type Column, type Keeping, MAX_ROWS, newColumns, Planes } from './column.ts'
import { Numbers } from './grams.ts'

/** How large a block becomes. Numbers that tests make small. */
export interface BlockLimits {
  /** Rows, at most 65,536. */
  readonly rows: number
  /** Characters of values, each counted once; more only by those of one event. */
  readonly characters: number
  /** A key with more values than these in one block is signed. */
  readonly listed: number
  /** Of a key that is signed, values that so many rows have are listed all the same. */
  readonly common: number
}

export const BLOCK_LIMITS: BlockLimits = {
  rows: MAX_ROWS,
  characters: 16_000_000,
  listed: 4_096,
  common: 256,
}

/** A block as it will be written. */
export interface BuiltBlock {
  readonly head: BlockHead
  readonly parts: ReadonlyMap<Part, Buffer>
}

/** An event as it stands in the segment. */
export interface ReadEvent {
  readonly event: JournalEvent
  /** Byte in the segment at which its frame begins, and at which it ends. */
  readonly offset: number
  readonly end: number
  readonly number: number
  /** Its link: what the next one follows. */
  readonly link: Buffer
}

/** Keys whose values a call may get by its ending. */
export const BY_ENDING: readonly ['error', 'status', 'masked'] = ['error', 'status', 'masked']
/** Times of a block lie within what fits into 4 bytes. */
const MAX_SPAN_MS = 2 ** 32 - 1

/** Takes consecutive events of a segment and makes a block of them. */
export class BlockBuilder {
  readonly #limits: BlockLimits
  readonly #from: { readonly number: number; readonly offset: number }
  #to: { number: number; offset: number }
  readonly #previous: Buffer
  #link: Buffer
  readonly #columns = newColumns()
  readonly #numbers = new Numbers()
  readonly #offsets = new Numbers()
  readonly #endings = new Numbers()
  readonly #times: number[] = []
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY
  /** Calls that have not ended, and their rows. */
  readonly #open = new Map<string, number>()
  /** Calls that were refused: whatever is said of how they ended says nothing. */
  readonly #denied = new Set<string>()
  readonly #strays: Stray[] = []

  /** `start`: the number of the event before, where the next one begins, and the link that it follows. */
  constructor(
    start: { readonly number: number; readonly offset: number; readonly link: Buffer },
    limits: BlockLimits = BLOCK_LIMITS,
  ) {
    this.#from = { number: start.number + 1, offset: start.offset }
    this.#to = { number: start.number, offset: start.offset }
    this.#link = start.link
    this.#previous = start.link
    this.#limits = limits
  }

  /** Events that it has taken. */
  get events(): number {
    return this.#to.number - this.#from.number + 1
  }

  /** Whether the event has to go into another block. */
  isFullFor({ timeMs }: JournalEvent): boolean {
    const { rows, characters } = this.#limits
    if (this.#numbers.length >= rows || this.#strays.length >= rows) return true
    let all = 0
    for (const column of this.#columns.values()) all += column.characters
    if (all >= characters) return true
    return Math.max(this.#maxMs, timeMs) - Math.min(this.#minMs, timeMs) > MAX_SPAN_MS
  }

  /** Takes the next event. */
  add({ event, offset, end, number, link }: ReadEvent): void {
    this.#to = { number, offset: end }
    this.#link = link
    switch (event.type) {
      case 'decision':
        this.#decision(event, number, offset)
        return
      case 'outcome':
        this.#ended(event.decisionId, offset, event)
        return
      case 'recovery':
        for (const id of event.inFlight) this.#ended(id, offset, undefined)
        return
      case 'session':
        this.#row({ kind: 'session', session: event }, event.timeMs, number, offset)
        return
      case 'access-request':
        this.#row({ kind: 'access-request', event }, event.timeMs, number, offset)
        return
      default:
    }
  }

  #decision(decision: DecisionEvent, number: number, offset: number): void {
    const isOpen = decision.effect !== 'deny'
    const ending = { kind: isOpen ? ('open' as const) : ('denied' as const) }
    const row = this.#row({ kind: 'call', decision, ending }, decision.timeMs, number, offset)
    if (isOpen) this.#open.set(decision.id, row)
    else this.#denied.add(decision.id)
  }

  /** A call that is open has no row among those that were masked or not. */
  #row(entry: Findable, timeMs: number, number: number, offset: number): number {
    const row = this.#numbers.length
    this.#numbers.push(number - this.#from.number)
    this.#offsets.push(offset)
    this.#endings.push(0)
    this.#times.push(timeMs)
    this.#minMs = Math.min(this.#minMs, timeMs)
    this.#maxMs = Math.max(this.#maxMs, timeMs)
    const isOpen = entry.kind === 'call' && entry.ending.kind === 'open'
    for (const [key, column] of this.#columns) {
      if (isOpen && key === 'masked') continue
      for (const value of valuesOf(entry, key)) column.add(value, row)
    }
    return row
  }

  #ended(decisionId: string, offset: number, outcome: OutcomeEvent | undefined): void {
    const row = this.#open.get(decisionId)
    if (row === undefined && this.#denied.has(decisionId)) return
    const values = endingValues(outcome)
    if (row === undefined) {
      this.#strays.push({ decisionId, offset, ...values })
      return
    }
    this.#open.delete(decisionId)
    this.#endings.set(row, offset)
    for (const key of BY_ENDING) {
      for (const value of values[key]) this.#columns.get(key)?.add(value, row)
    }
  }

  finish(): BuiltBlock {
    const rows = this.#numbers.length
    const columns = [...this.#columns.values()]
    const parts = new Map<Part, Buffer>()
    const minMs = rows === 0 ? 0 : this.#minMs
    parts.set(
      'numbers',
      packed(rows, row => this.#numbers.at(row)),
    )
    parts.set(
      'offsets',
      packed(rows, row => this.#offsets.at(row)),
    )
    parts.set(
      'endings',
      packed(rows, row => this.#endings.at(row)),
    )
    parts.set(
      'times',
      packed(rows, row => (this.#times[row] ?? minMs) - minMs),
    )
    const keeping = (column: Column): Keeping => column.keeping(this.#limits.listed)
    const signed = columns.filter(column => keeping(column) === 'signed')
    const { common } = this.#limits
    const planes = new Planes(
      rows,
      signed.reduce((grams, column) => grams + column.grams(common), 0),
    )
    for (const column of columns) {
      const isSigned = keeping(column) === 'signed'
      if (isSigned) column.sign(planes, common)
      const list = column.list(rows, isSigned ? common : 1)
      if (list === undefined) continue
      parts.set(`values:${column.key}`, list.values)
      parts.set(`rows:${column.key}`, list.rows)
    }
    if (rows > 0) parts.set('planes', planes.bytes)
    const head: BlockHead = {
      first: this.#from.number,
      last: this.#to.number,
      from: this.#from.offset,
      to: this.#to.offset,
      previous: this.#previous.toString('hex'),
      link: this.#link.toString('hex'),
      rows,
      minMs,
      maxMs: rows === 0 ? 0 : this.#maxMs,
      planes: rows > 0 ? planes.count : 0,
      keys: keepings(columns, keeping),
      open: [...this.#open].map(([id, row]) => [row, id]),
      strays: this.#strays,
    }
    return { head, parts }
  }
}

/** A call that was let through, of which nothing is known but how it ended. */
const SOME_CALL: DecisionEvent = {
  type: 'decision',
  id: '',
  timeMs: 0,
  clientAddress: '',
  effect: 'allow',
  statements: [],
}

/** The values that an entry has by its ending; undefined: it has none. */
export function endingValues(outcome: OutcomeEvent | undefined): Pick<Stray, 'error' | 'status' | 'masked'> {
  const ending = outcome === undefined ? { kind: 'open' as const } : { kind: 'outcome' as const, outcome }
  const entry: Findable = { kind: 'call', decision: SOME_CALL, ending }
  return {
    error: valuesOf(entry, 'error'),
    status: valuesOf(entry, 'status'),
    masked: valuesOf(entry, 'masked'),
  }
}

function keepings(
  columns: readonly Column[],
  keeping: (column: Column) => Keeping,
): Readonly<Record<TextKey, Keeping>> {
  const all = Object.fromEntries(TEXT_KEYS.map(key => [key, 'listed'])) as Record<TextKey, Keeping>
  for (const column of columns) all[column.key] = keeping(column)
  return all
}

function packed(rows: number, numberOf: (row: number) => number): Buffer {
  const bytes = Buffer.alloc(rows * 4)
  for (let row = 0; row < rows; row++) bytes.writeUInt32LE(numberOf(row), row * 4)
  return bytes
}
