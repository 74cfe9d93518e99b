import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlStatement } from '../../interpret/sql/model.ts'
import type { Parsed } from '../../interpret/sql/postgres/parse/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'
import type { Met } from '../sql/statement-decision.ts'
import { isTransactionOnly, type Understood } from '../sql/understood.ts'
import { CountedMap } from './counted-map.ts'
import type { SessionNames } from './session-names.ts'
import { cursorIn, type Named, preparedIn, understandText, understoodAs } from './understanding.ts'
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
    const found = this.#prepared.get(name)
    if (found === undefined || this.#reading.has(found)) return undefined
    const [statement, other] = this.read(found).statements
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

  /** What a text is by the names of now. */
  understand(parsed: Parsed): Understood {
    const { names } = this.#names
    const known = this.#texts.get(parsed, names)
    if (known !== undefined) return known
    const understood = understandText(parsed, names, this, this.#place)
    // What leans on another name hangs on what that name means, in this session and now.
    if (!leans(understood)) this.#texts.set(parsed, names, understood)
    return understood
  }

  /** What a prepared statement is by the names of now. */
  read(prepared: Prepared): Understood {
    const known = this.#read.get(prepared)
    if (known?.version === this.#names.version) return known.understood
    const { version } = this.#names
    this.#reading.add(prepared)
    const whole = this.understand(prepared.parsed)
    this.#reading.delete(prepared)
    const inner = prepared.byText === undefined ? undefined : preparedIn(whole.statements, prepared.byText)
    const understood = inner === undefined ? whole : understoodAs(inner, this.#place)
    // What leans on another name hangs on what that name means, which has no version.
    if (!leans(understood)) this.#read.set(prepared, { version, understood })
    return understood
  }

  /**
   * What a portal runs now; undefined where names may have changed since it was bound.
   * @param isKnown whether what names mean is known now
   */
  readPortal(portal: Portal, isKnown: boolean): Understood | undefined {
    if (!isKnown || portal.version !== this.#names.version) {
      return portal.understood.statements.every(isBoundForGood) ? portal.understood : undefined
    }
    if (portal.prepared === undefined || !leans(portal.understood)) return portal.understood
    return this.read(portal.prepared)
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
        if (effect.kind === 'discard') this.#prepared.clear()
        if (effect.kind !== 'deallocate') continue
        if (effect.name === undefined) this.#prepared.clear()
        else this.#prepared.delete(effect.name)
      }
    }
  }

  /** A text has ended well: the names that it gave are known. */
  learn(sql: string, parsed: Parsed, { statements }: Understood): void {
    for (const { effects } of statements) {
      for (const effect of effects) {
        if (effect.kind === 'prepare') this.#learnPrepared(effect.name, sql, parsed)
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

/** What the server resolves when it binds: the rest it reads when it is executed. */
const PLANNED: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])
const PLANNED_ACTIONS: ReadonlySet<string> = new Set([
  'sql:Select',
  'sql:Insert',
  'sql:Update',
  'sql:Delete',
  'sql:Merge',
])

/** Whether a bound statement stays what it is, whatever names come to mean. */
function isBoundForGood(statement: SqlStatement): boolean {
  const { tag, touches, effects } = statement
  if (isTransactionOnly(statement)) return true
  if (!PLANNED.has(tag) || effects.length > 0) return false
  return touches.every(({ action }) => PLANNED_ACTIONS.has(action))
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
