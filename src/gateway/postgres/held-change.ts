import { GateError } from '../../core/errors.ts'
import { writeBackend, writeFrontend } from '../../wire/postgres/writer.ts'
import type { Refusal } from '../exchange.ts'
import type { Counting } from '../sql/statement-exchange.ts'
import { refusalError, SQLSTATE } from './complaint.ts'
import type { Copying } from './copying.ts'
import type { Line } from './line.ts'
import type { Message } from './relay.ts'
import type { Run } from './run.ts'
import type { Withheld } from './withheld.ts'

const SYNC = writeFrontend({ kind: 'sync' })

type Answer = 'stays' | 'denied'

export interface HeldChangeParts {
  readonly line: Line
  readonly run: Run
  readonly counting: Counting
  /** Lets the server fail, so that nothing of the transaction stays, and tells the client why. */
  deny(error: Buffer): Promise<void>
}

/**
 * A change whose rows are counted before it stays. It is executed, and the server is not told to end its transaction: outside of
 * one that the client began, the extended protocol has one up to Sync, which is not sent until it is decided. An error in the
 * place of the Sync undoes the change, and in a transaction of the client's all of it, as any error would.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class HeldChange {
  readonly #parts: HeldChangeParts
  readonly #withheld: Withheld

  constructor(parts: HeldChangeParts) {
    this.#parts = parts
    this.#withheld = parts.run.withhold()
  }

  /** Asks for the answer, waits for it, and decides. Resolves when the client has it, or the error in its place. */
  async settle(copying: Copying | undefined): Promise<void> {
    await this.#decide(copying, async () =>
      this.#parts.line.reply(Buffer.concat([this.#withheld.rows, this.#withheld.complete])),
    )
  }

  /** As `settle` for a text that came as a Query: with its Sync. */
  async settleWithSync(copying: Copying | undefined): Promise<void> {
    const { line } = this.#parts
    const answer = await this.#decide(copying, async () => {
      line.reply(this.#withheld.rows)
      await line.send([this.#sync()])
    })
    if (answer === 'denied') await line.send([[{ kind: 'sync' }, SYNC]])
  }

  /** Whether it stays. It does not where nobody has said so. */
  async #decide(copying: Copying | undefined, keep: () => Promise<void>): Promise<Answer | undefined> {
    const { line, run, counting } = this.#parts
    line.hurry()
    if (copying !== undefined) {
      await copying.once()
      line.hurry()
    }
    await this.#withheld.answered
    const said: { answer?: Answer } = run.error === undefined ? {} : { answer: 'denied' }
    const refuse = async (refusal: Refusal): Promise<void> => {
      // It stays already, and what came of it cannot be recorded: the session is not to go on.
      if (said.answer === 'stays') return line.fail('error' in refusal ? refusal.error : unsaid())
      said.answer = 'denied'
      run.denied(SQLSTATE.denied)
      await this.#parts.deny(refusalError(refusal))
    }
    if (said.answer === undefined) {
      await counting.decide(this.#withheld.count, {
        async keep() {
          said.answer = 'stays'
          await keep()
        },
        refuse,
      })
    }
    if (said.answer === undefined) line.fail(unsaid())
    run.settle()
    return said.answer
  }

  /** A commit may fail; what a Query did is complete only when it has not. */
  #sync(): Message {
    const { line, run } = this.#parts
    const committing = run.beside()
    const { complete } = this.#withheld
    const own = (message: Parameters<typeof writeBackend>[0]): void => {
      const done = committing.error === undefined ? [complete] : []
      line.relay.say(Buffer.concat([...done, writeBackend(message)]))
    }
    return [{ kind: 'sync', run: committing, own }, SYNC]
  }
}

function unsaid(): GateError {
  return new GateError('internal', 'nobody said whether a change stays, or they said both')
}
