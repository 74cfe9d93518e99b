import type { Prototype } from '../../wire/mysql/execute.ts'
import type { ValueType } from '../../wire/mysql/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'
import type { ResultMasks } from './run.ts'
import type { SessionState } from './session-state.ts'

/** Prepared statements of a session, and the bytes of their texts and of what was sent ahead for them. */
const MAX_STATEMENTS = 16_382
const MAX_BYTES = 128 * 1024 * 1024
/** Bytes that are kept of what is sent ahead for one execution. */
const MAX_LONG_BYTES = 64 * 1024 * 1024
/** What a part costs beside its bytes. */
const PART_BYTES = 128

/** A statement that the server knows by a number, and what of it the server remembers. */
export class Prepared implements Prototype {
  readonly sql: string
  /** The session as it was: names are looked for in its database, and the text is cut by its sql_mode, always. */
  readonly state: SessionState
  readonly parameters: number
  types: readonly ValueType[] | undefined
  /** Rows of an open cursor are masked as the execution was decided. */
  cursor: { readonly result: ResultMasks; readonly parameters: readonly SqlParameter[] } | undefined
  readonly #long = new Map<number, Buffer[]>()
  #longBytes = 0
  #isTooLong = false

  constructor(sql: string, state: SessionState, parameters: number) {
    this.sql = sql
    this.state = onlyState(state)
    this.parameters = parameters
  }

  /** Parameters that were sent ahead. */
  get long(): ReadonlySet<number> {
    return new Set(this.#long.keys())
  }

  get bytes(): number {
    return this.sql.length + this.#longBytes
  }

  /** More was sent ahead than the gate keeps: the next execution fails. */
  get isTooLong(): boolean {
    return this.#isTooLong
  }

  /** The gate keeps it until the execution is decided: a denied one has told the server nothing. */
  addLong(parameter: number, data: Buffer): void {
    const bytes = data.length + PART_BYTES
    if (parameter >= this.parameters || this.#longBytes + bytes > MAX_LONG_BYTES) {
      this.#isTooLong = true
      return
    }
    this.#longBytes += bytes
    // A part of a chunk would keep the whole of it.
    const part = Buffer.from(data)
    const parts = this.#long.get(parameter)
    if (parts === undefined) this.#long.set(parameter, [part])
    else parts.push(part)
  }

  /** What was sent ahead for a parameter, in its parts; an empty list where nothing was. */
  longParts(parameter: number): readonly Buffer[] {
    return this.#long.get(parameter) ?? []
  }

  forgetLong(): void {
    this.#long.clear()
    this.#longBytes = 0
    this.#isTooLong = false
  }
}

/** Of the names that it is taken from, the catalog is not kept. */
function onlyState({ database, dialect, charset }: SessionState): SessionState {
  return { database, dialect, charset }
}

/** A statement that PREPARE gave a name to. */
export interface NamedText {
  readonly sql: string
  readonly state: SessionState
}

/** What a session has prepared. */
export class PreparedStatements {
  readonly #byId = new Map<number, Prepared>()
  readonly #byName = new Map<string, NamedText>()

  /** Whether there is no room for another. */
  get isFull(): boolean {
    if (this.#byId.size + this.#byName.size >= MAX_STATEMENTS) return true
    return this.bytes > MAX_BYTES
  }

  get bytes(): number {
    let bytes = 0
    for (const prepared of this.#byId.values()) bytes += prepared.bytes
    for (const { sql } of this.#byName.values()) bytes += sql.length
    return bytes
  }

  get(id: number): Prepared | undefined {
    return this.#byId.get(id)
  }

  set(id: number, prepared: Prepared): void {
    this.#byId.set(id, prepared)
  }

  close(id: number): void {
    this.#byId.delete(id)
  }

  named(name: string): NamedText | undefined {
    return this.#byName.get(name.toLowerCase())
  }

  setNamed(name: string, text: NamedText | undefined): void {
    if (text === undefined) this.#byName.delete(name.toLowerCase())
    else this.#byName.set(name.toLowerCase(), { sql: text.sql, state: onlyState(text.state) })
  }

  /** A procedure has run, which may have given every name to something else. */
  forgetNames(): void {
    this.#byName.clear()
  }

  clear(): void {
    this.#byId.clear()
    this.#byName.clear()
  }
}
