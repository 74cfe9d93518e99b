import type { BackendMessage } from '../../wire/postgres/messages.ts'
import { writeBackend, writeFrontend } from '../../wire/postgres/writer.ts'
import type { Understood } from '../sql/understood.ts'
import { writeError } from './complaint.ts'
import { Copying } from './copying.ts'
import { HeldChange } from './held-change.ts'
import type { Line } from './line.ts'
import type { Message, Sent } from './relay.ts'
import type { Run } from './run.ts'

/** No SQL: the server's grammar fails at it. */
export const POISON = 'sallyport: denied'

const BIND = {
  kind: 'bind',
  portal: '',
  statement: '',
  formats: [],
  parameters: [],
  resultFormats: [],
} as const

/** Whether a text may ask the client for data. */
export function mayCopyIn({ statements, unclear }: Understood): boolean {
  return unclear !== undefined || statements.some(({ tag, output }) => tag === 'COPY' && output === undefined)
}

/** Whether something comes of a text that could tell of another meaning: a result, or a cursor that gives one. */
export function givesResults({ statements }: Understood): boolean {
  return statements.some(
    ({ output, effects }) => output !== undefined || effects.some(({ kind }) => kind === 'declare'),
  )
}

/** Query: a text, with all of its statements, and one ReadyForQuery. */
export class SimpleQueries {
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  /** Resolves when it is answered. */
  async query(sql: string): Promise<void> {
    const line = this.#line
    const { handles } = line
    // As the server does.
    handles.setStatement('', undefined)
    handles.setPortal('', undefined)
    const read = await line.read(sql)
    const { parsed, understood } = read
    const text = { message: 'Query', sql, tags: understood.tags, parameters: [] } as const
    let copying: Copying | undefined
    let held: HeldChange | undefined
    await line.ask(
      text,
      read,
      (run, counting) => {
        if (counting !== undefined) {
          held = new HeldChange({ line, run, counting, deny: error => line.send([poisonParse(error)]) })
        }
        if (mayCopyIn(understood)) copying = new Copying(line, run)
        const done = (): void => handles.learn(sql, parsed, understood)
        const inTime = givesResults(understood) ? line.inTime(read) : {}
        if (held !== undefined) return asBatch(sql, run, { done, ...inTime })
        return [
          [{ kind: 'query', run, isLast: true, done, ...inTime }, writeFrontend({ kind: 'query', sql })],
        ]
      },
      error => this.#deny(error),
    )
    await held?.settleWithSync(copying)
    line.endBatch()
    line.flush()
    await copying?.untilEnded()
    await line.relay.idle()
  }

  /** Refuses what the gate does not let through at all. */
  async refuse(sqlstate: string, message: string): Promise<void> {
    await this.#deny(writeError({ sqlstate, message }))
    this.#line.endBatch()
  }

  /** In a transaction the server must fail it, too; elsewhere it need not hear of it. */
  async #deny(error: Buffer): Promise<void> {
    const line = this.#line
    const { state } = line.names
    if (line.isFresh && state !== 'T') {
      line.reply(Buffer.concat([error, writeBackend({ kind: 'ready', state })]))
      return
    }
    await line.send([[{ kind: 'query', poison: error }, writeFrontend({ kind: 'query', sql: POISON })]])
  }
}

/** A message that makes the server fail within a batch: the client sees this error. */
export function poisonParse(error: Buffer): Message {
  const bytes = writeFrontend({ kind: 'parse', statement: POISON, sql: POISON, types: [] })
  return [{ kind: 'parse', poison: error }, bytes]
}

/**
 * A text of one statement in the extended protocol, with the answer that a Query has but for its end: what is executed stays
 * only at the Sync.
 */
function asBatch(sql: string, run: Run, when: Pick<Sent, 'done' | 'inTime'>): readonly Message[] {
  const own = (): void => undefined
  const described = (message: BackendMessage): void => {
    if (message.kind !== 'row-description') return
    if (run.needsColumns) run.describe(message.columns)
    run.withholds(writeBackend(message))
  }
  return [
    [{ kind: 'parse', run, own }, writeFrontend({ kind: 'parse', statement: '', sql, types: [] })],
    [{ kind: 'bind', run, own }, writeFrontend(BIND)],
    [{ kind: 'describe', run, own: described }, writeFrontend({ kind: 'describe', handle: 'P', name: '' })],
    [
      { kind: 'execute', run, isLast: true, ...when },
      writeFrontend({ kind: 'execute', portal: '', maxRows: 0 }),
    ],
  ]
}
