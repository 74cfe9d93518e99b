import { asGateError, GateError } from '../../core/errors.ts'
import { STATUS } from '../../wire/mysql/capabilities.ts'
import type { Ok } from '../../wire/mysql/messages.ts'
import type { Refusal } from '../exchange.ts'
import type { Counting } from '../sql/statement-exchange.ts'
import type { Understood } from '../sql/understood.ts'
import { denial } from './denial.ts'
import type { OwnQuery } from './own-answer.ts'

/** What surrounds a change, so that it can be undone: a transaction of its own, or a savepoint in the client's. */
const AROUND = {
  alone: { before: 'start transaction', keep: 'commit', undo: ['rollback'] },
  within: {
    before: 'savepoint `sallyport: rows`',
    keep: 'release savepoint `sallyport: rows`',
    undo: ['rollback to savepoint `sallyport: rows`', 'release savepoint `sallyport: rows`'],
  },
} as const

export interface CountedChangePorts {
  readonly ask: OwnQuery
  /** `STATUS` as the server said it last. */
  status(): number
  /** Tells the client the OK that was kept back. */
  pass(ok: Ok): Promise<void>
  /** Tells the client an error instead; its payload. */
  refuse(payload: Buffer): Promise<void>
}

/** A change that does not stay until its rows are counted and decided. */
export class CountedChange {
  readonly #ports: CountedChangePorts
  readonly #how: 'alone' | 'within'
  #ok: Ok | undefined

  constructor(ports: CountedChangePorts) {
    this.#ports = ports
    this.#how = isOpen(ports.status()) ? 'within' : 'alone'
  }

  /**
   * Before the change is sent. Rejects with `sql-rows-unknown` where it could not be undone, and with what the server
   * answers.
   */
  async begin(understood: Understood): Promise<void> {
    if (understood.statements.some(({ output }) => output !== undefined))
      throw uncounted('it gives rows back before they are counted')
    const targets = understood.statements.flatMap(({ touches }) =>
      touches.flatMap(({ object: { kind, schema, name } }) =>
        kind === 'relation' && schema !== undefined ? [`(${quoted(schema)}, ${quoted(name)})`] : [],
      ),
    )
    if (targets.length > 0) await this.#requireUndoable(targets)
    await this.#ports.ask(AROUND[this.#how].before)
    // Outside of a transaction a savepoint is none, and nobody says so.
    if (!isOpen(this.#ports.status())) throw uncounted('the server has begun no transaction for it')
  }

  /** Keeps the server's answer back. */
  hold(ok: Ok): boolean {
    this.#ok = ok
    return true
  }

  /** The change has been answered: asks whether it stays. Rejects where the server does not undo it. */
  async settle(counting: Counting): Promise<void> {
    const { ask, pass, refuse } = this.#ports
    const { keep, undo } = AROUND[this.#how]
    const ok = this.#ok
    let isKept = false
    let isAnswered = false
    const undone = async (): Promise<void> => {
      for (const sql of undo) await ask(sql)
    }
    if (ok === undefined) {
      // It failed, and the client was told so; an error like a deadlock has taken the savepoint with it.
      await undone().catch(onlyAnswered)
      return
    }
    await counting.decide(Number(ok.affectedRows), {
      keep: async () => {
        await ask(keep)
        isKept = true
        await pass(this.#how === 'alone' ? { ...ok, status: ok.status & ~STATUS.inTransaction } : ok)
        isAnswered = true
      },
      refuse: async (refusal: Refusal) => {
        // What was kept, and could not be recorded, is kept: the session is not to go on.
        if (isKept) throw new GateError('internal', 'a change was kept, and what came of it is not recorded')
        await undone()
        await refuse(denial(refusal))
        isAnswered = true
      },
    })
    if (!isAnswered) throw new GateError('sql-rows-unknown', 'whether a counted change stays was not settled')
  }

  /** Tables of other engines keep what was written, whatever becomes of the transaction. */
  async #requireUndoable(targets: readonly string[]): Promise<void> {
    const [row] = await this.#ports.ask(
      `select count(*) as n from information_schema.tables where (table_schema, table_name) in (${targets.join(', ')}) ` +
        "and table_type <> 'VIEW' and coalesce(engine, '') <> 'InnoDB'",
    )
    if (row?.['n'] !== '0') throw uncounted('a table of it is of an engine that undoes nothing')
  }
}

function isOpen(status: number): boolean {
  return (status & STATUS.inTransaction) !== 0 || (status & STATUS.autocommit) === 0
}

function onlyAnswered(error: unknown): void {
  if (asGateError(error).code !== 'sql-catalog-unclear') throw error
}

/** A name as a text of bytes: no sql_mode and no character set reads it otherwise. */
function quoted(name: string): string {
  return `convert(x'${Buffer.from(name).toString('hex')}' using utf8mb4)`
}

function uncounted(why: string): GateError {
  return new GateError('sql-rows-unknown', `how many rows it changes decides whether it may pass, and ${why}`)
}
