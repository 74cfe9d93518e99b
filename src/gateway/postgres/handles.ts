import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlStatement } from '../../interpret/sql/model.ts'
import type { Parsed } from '../../interpret/sql/postgres/parse/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'
import type { Met } from '../sql/statement-decision.ts'
import { isTransactionOnly, type Understood } from '../sql/understood.ts'
import { CountedMap } from './counted-map.ts'
import { sameMeaning } from './meaning.ts'
import type { SessionNames } from './session-names.ts'
import {
  cursorIn,
  type Named,
  type Names,
  preparedIn,
  understandText,
  understoodAs,
} from './understanding.ts'
import type { UnderstoodTexts } from './understood-texts.ts'

/** A prepared statement of a session. The server plans it anew when names change; so does the gate. */
export interface Prepared {
  readonly sql: string
  readonly parsed: Parsed
  /** OIDs of parameters, as far as the client named them. */
  readonly types?: readonly number[]
  /** The name that it was given by PREPARE, in its own text; absent for the protocol's Parse. */
  readonly byText?: string
}

/** What an Execute runs: planned at Bind, and not anew. */
export interface Portal {
  readonly sql: string
  /** What it was bound from; absent for a cursor, which SQL opened. */
  readonly prepared?: Prepared
  readonly understood: Understood
  /** The names by which it was. */
  readonly version: number
  readonly parameters: readonly SqlParameter[]
  /** What people said when it was bound: it holds for one Execute. */
  readonly met?: Met | undefined
}

/** Prepared statements and portals of one session, and their bytes; the server itself has no limit. */
const MAX_HANDLES = 5_000
const MAX_BYTES = 128 * 1024 * 1024

/** What a session has given names to. What is done to it for a message can be undone, as messages may fail. */
export class Handles implements Named {
  readonly #place: SqlPlace
  readonly #names: Pick<SessionNames, 'names' | 'version'>
  readonly #prepared = new CountedMap<Prepared>(({ sql }) => sql.length)
  readonly #portals = new CountedMap<Portal>(({ parameters }) => bytesOf(parameters))
  /** What is being read: EXECUTE may name itself. */
  readonly #reading = new Set<Prepared>()
  readonly #read = new WeakMap<Prepared, { readonly version: number; readonly understood: Understood }>()

  readonly #texts: UnderstoodTexts

  /** @param texts what texts are that mean the same in every session */
  constructor(place: SqlPlace, names: Pick<SessionNames, 'names' | 'version'>, texts: UnderstoodTexts) {
    this.#place = place
    this.#names = names
    this.#texts = texts
  }

  /** Whether there is no room for another: the gate keeps their texts, and parameters. */
  get isFull(): boolean {
    if (this.#prepared.size + this.#portals.size >= MAX_HANDLES) return true
    return this.#prepared.weight + this.#portals.weight > MAX_BYTES
  }

  prepared(name: string): SqlStatement | undefined {
    return this.#preparedBy(name, this.#names.names)
  }

  #preparedBy(name: string, names: Names): SqlStatement | undefined {
    const found = this.#prepared.get(name)
    if (found === undefined || this.#reading.has(found)) return undefined
    const [statement, other] = this.read(found, names).statements
    return other === undefined ? statement : undefined
  }

  cursor(name: string): SqlStatement | undefined {
    const [statement, other] = this.#portals.get(name)?.understood.statements ?? []
    return other === undefined ? statement : undefined
  }

  statement(name: string): Prepared | undefined {
    return this.#prepared.get(name)
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name)
  }

  /** What a text is, by the names of now where no others are given. */
  understand(parsed: Parsed, names: Names = this.#names.names): Understood {
    const known = this.#texts.get(parsed, names)
    if (known !== undefined) return known
    const named: Named = {
      prepared: name => this.#preparedBy(name, names),
      cursor: name => this.cursor(name),
    }
    const understood = understandText(parsed, names, named, this.#place)
    // What leans on another name hangs on what that name means, in this session and now.
    if (!leans(understood)) this.#texts.set(parsed, names, understood)
    return understood
  }

  /** What a prepared statement is, by the names of now where no others are given. */
  read(prepared: Prepared, names: Names = this.#names.names): Understood {
    const isOfNow = names === this.#names.names
    const known = this.#read.get(prepared)
    if (isOfNow && known?.version === this.#names.version) return known.understood
    const { version } = this.#names
    this.#reading.add(prepared)
    const whole = this.understand(prepared.parsed, names)
    this.#reading.delete(prepared)
    const inner = prepared.byText === undefined ? undefined : preparedIn(whole.statements, prepared.byText)
    const understood = inner === undefined ? whole : understoodAs(inner, this.#place)
    // What leans on another name hangs on what that name means, which has no version.
    if (isOfNow && !leans(understood)) this.#read.set(prepared, { version, understood })
    return understood
  }

  /**
   * What a portal runs now; undefined where that is not known.
   * @param isKnown whether what names mean is known now
   */
  readPortal({ prepared, understood, version }: Portal, isKnown: boolean): Understood | undefined {
    if (prepared === undefined || understood.statements.every(isBoundForGood)) return understood
    if (!isKnown) return undefined
    if (version === this.#names.version && !leans(understood)) return understood
    // The server looks at some of it when it is bound, and at the rest when it is executed.
    const now = this.read(prepared)
    return leans(understood) || sameMeaning(understood, now) ? now : undefined
  }

  /** Gives a name to a statement, or takes it away; returns what undoes that. */
  setStatement(name: string, prepared: Prepared | undefined): () => void {
    return put(this.#prepared, name, prepared)
  }

  setPortal(name: string, portal: Portal | undefined): () => void {
    return put(this.#portals, name, portal)
  }

  /** Portals end with their transaction. */
  clearPortals(): void {
    this.#portals.clear()
  }

  /** A text is sent that may give or take names: until it has ended well the gate knows none of them. */
  forget({ statements }: Understood): void {
    for (const { effects } of statements) {
      for (const effect of effects) {
        if (effect.kind === 'prepare') this.#prepared.delete(effect.name)
        if (effect.kind === 'declare') this.#portals.delete(effect.name)
        if (effect.kind === 'discard' && effect.what === 'DISCARD_ALL') {
          this.#prepared.clear()
          this.#portals.clear()
        }
        if (effect.kind === 'close') this.#close(effect.name)
        if (effect.kind !== 'deallocate') continue
        if (effect.name === undefined) this.#prepared.clear()
        else this.#prepared.delete(effect.name)
      }
    }
  }

  /** Another may be opened under the name, also by a function. */
  #close(name: string | undefined): void {
    if (name === undefined) this.#portals.clear()
    else this.#portals.delete(name)
  }

  /** A text has ended well: the names that it gave are known. */
  learn(sql: string, parsed: Parsed, { statements }: Understood): void {
    for (const { effects } of statements) {
      for (const effect of effects) {
        if (effect.kind === 'prepare') this.#learnPrepared(effect.name, sql, parsed)
        if (effect.kind === 'close') this.#close(effect.name)
        if (effect.kind !== 'declare') continue
        const cursor = cursorIn(statements, effect.name)
        if (cursor === undefined) continue
        const understood = understoodAs(cursor, this.#place)
        this.#portals.set(effect.name, { sql, understood, version: this.#names.version, parameters: [] })
      }
    }
  }

  #learnPrepared(name: string, sql: string, parsed: Parsed): void {
    this.#prepared.set(name, { sql, parsed, byText: name })
  }
}

/** What the server plans when it binds, with all that it touches: the rest it looks at when it is executed. */
const PLANNED: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])

/** Whether a bound statement stays what it is, whatever names come to mean. */
export function isBoundForGood(statement: SqlStatement): boolean {
  const { tag, effects } = statement
  return isTransactionOnly(statement) || (PLANNED.has(tag) && effects.length === 0)
}

/** Whether a text means something by what the session has named. */
function leans({ statements, unclear }: Understood): boolean {
  if (unclear !== undefined) return true
  return statements.some(({ effects }) => effects.some(({ kind }) => kind === 'execute' || kind === 'fetch'))
}

function bytesOf(parameters: Portal['parameters']): number {
  let bytes = 0
  for (const parameter of parameters) bytes += parameter?.length ?? 0
  return bytes
}

function put<T>(map: CountedMap<T>, name: string, value: T | undefined): () => void {
  const before = map.get(name)
  const set = (to: T | undefined): void => {
    if (to === undefined) map.delete(name)
    else map.set(name, to)
  }
  set(value)
  return () => set(before)
}
