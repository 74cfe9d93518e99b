import { STATUS } from '../../wire/mysql/capabilities.ts'
import type { Command, StatementExecute } from '../../wire/mysql/messages.ts'
import type { Packet } from '../../wire/mysql/packet.ts'
import type { Reply } from '../../wire/mysql/replies.ts'
import { writeCommand } from '../../wire/mysql/write-command.ts'
import type { Understood } from '../sql/understood.ts'
import { ERRORS, writeError } from './denial.ts'
import type { Line, Sending } from './line.ts'
import { recordedParameter } from './parameters.ts'
import { Prepared } from './prepared.ts'

interface Closing {
  readonly statement: number
}

/** Prepared statements of the protocol: COM_STMT_*. */
export class Statements {
  readonly #line: Line
  readonly #capabilities: number

  /** @param capabilities what was agreed on with the server */
  constructor(line: Line, capabilities: number) {
    this.#line = line
    this.#capabilities = capabilities
  }

  async prepare(bytes: Buffer, { payload, next }: Packet): Promise<void> {
    const line = this.#line
    if (line.prepared.isFull) {
      const message = 'the session has too many prepared statements'
      return line.reply(writeError(ERRORS.tooMany, message), next)
    }
    const read = await line.readBytes(bytes)
    const { names } = read
    if (read.understood.statements.some(({ effects }) => effects.some(({ kind }) => kind === 'kill')))
      return line.refuse('the gate does not prepare KILL: send it as a text', next)
    const onReply = (reply: Reply): void => {
      if (reply.kind !== 'prepared' || names === undefined) return
      line.prepared.set(reply.statement, new Prepared(read.sql, names, reply.parameters))
    }
    const sent = { kind: 'stmt-prepare', payload, next, onReply } as const
    if (!line.isDenied(read)) return line.relay.pass(sent)
    const onlyRead = { ...read, understood: unchanging(read.understood) }
    await line.ask({ message: 'Parse', parameters: [] }, onlyRead, { sent, isBinary: true })
  }

  async execute(command: StatementExecute, { next }: Packet): Promise<void> {
    const line = this.#line
    const prepared = line.prepared.get(command.statement)
    if (prepared === undefined) return this.unknown(command.statement, next)
    if (prepared.isTooLong) {
      prepared.forgetLong()
      return line.reply(
        writeError(ERRORS.denied, 'more was sent ahead for a statement than the gate keeps'),
        next,
      )
    }
    // The gate knows the types from now on, whether the server hears of them or not.
    if (command.typed)
      prepared.types = command.parameters.slice(0, prepared.parameters).map(({ type }) => type)
    const read = await line.readPrepared(prepared.sql, prepared.state)
    const parameters = command.parameters.map(({ type, value }, i) =>
      recordedParameter(type, value === undefined ? Buffer.concat(prepared.longParts(i)) : value),
    )
    const ahead = this.#ahead(prepared, command.statement)
    prepared.forgetLong()
    prepared.cursor = undefined
    // A denied execution has told the server nothing of its types.
    const payload = writeCommand({ ...command, typed: command.parameters.length > 0 }, this.#capabilities)
    const sending: Sending = {
      sent: { kind: 'stmt-execute', payload, next, onReply: reply => onEnd(reply) },
      ahead,
      isBinary: true,
      done(run) {
        line.learn(read)
        if (opened !== undefined && run.described !== undefined)
          prepared.cursor = { result: run.described, parameters }
      },
    }
    let opened: true | undefined
    const onEnd = (reply: Reply): void => {
      const status =
        reply.kind === 'end' ? reply.end.status : reply.kind === 'columns-end' ? reply.eof.status : 0
      if ((status & STATUS.cursorExists) !== 0) opened = true
    }
    await line.ask({ message: 'Execute', parameters }, read, sending)
  }

  /** Rows of a cursor: decided again, and masked as its execution was decided at least. */
  async fetch(statement: number, { payload, next }: Packet): Promise<void> {
    const line = this.#line
    const prepared = line.prepared.get(statement)
    const cursor = prepared?.cursor
    if (prepared === undefined || cursor === undefined) return this.unknown(statement, next)
    const read = await line.readPrepared(prepared.sql, prepared.state)
    const onlyRead = { ...read, understood: unchanging(read.understood) }
    await line.ask({ message: 'Execute', parameters: cursor.parameters }, onlyRead, {
      sent: { kind: 'stmt-fetch', payload, next },
      isBinary: true,
      resumed: cursor.result,
    })
  }

  /** It has no answer: what is wrong with it is said when the statement is executed. */
  sendLongData({ statement, parameter, data }: Extract<Command, { kind: 'stmt-send-long-data' }>): void {
    this.#line.prepared.get(statement)?.addLong(parameter, data)
  }

  async reset({ statement }: Closing, { payload, next }: Packet): Promise<void> {
    const prepared = this.#line.prepared.get(statement)
    if (prepared === undefined) return this.unknown(statement, next)
    prepared.forgetLong()
    prepared.cursor = undefined
    await this.#line.relay.pass({ kind: 'stmt-reset', payload, next })
  }

  /** It has no answer. */
  close({ statement }: Closing, { payload }: Packet): void {
    if (this.#line.prepared.get(statement) === undefined) return
    this.#line.prepared.close(statement)
    this.#line.relay.write(payload)
  }

  unknown(statement: number, next: number): Promise<void> {
    const message = `the gate knows no prepared statement ${statement} in this session, or no cursor of it`
    return this.#line.reply(writeError(ERRORS.noStatement, message), next)
  }

  /** What was sent ahead goes to the server when the execution may. */
  #ahead(prepared: Prepared, statement: number): readonly Buffer[] {
    return [...prepared.long].flatMap(parameter =>
      prepared.longParts(parameter).map(data => {
        const command: Command = { kind: 'stmt-send-long-data', statement, parameter, data }
        return writeCommand(command, this.#capabilities)
      }),
    )
  }
}

/** What is only prepared changes nothing yet. */
function unchanging(understood: Understood): Understood {
  const statements = understood.statements.map(statement => ({ ...statement, effects: [] }))
  return { ...understood, statements, change: 'nothing' }
}
