/**
 * Tells what each packet of a server is, by the command that it answers and what came before it: the packets
 * themselves do not say.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 *
 *     COM_QUERY, COM_STMT_EXECUTE   OK | ERR | LOCAL INFILE … (OK | ERR)
 *                                   | count, column × count, [EOF], row × any, (end | ERR)        again if more follow
 *     COM_STMT_PREPARE              ERR | prepared, column × parameters, [EOF], column × columns, [EOF]
 *     COM_STMT_FETCH                row × any, (end | ERR)
 *     COM_FIELD_LIST                column × any, (end | ERR)
 *     COM_CHANGE_USER, handshake    (AuthSwitchRequest | AuthMoreData) × any, (OK | ERR)
 *     COM_STATISTICS                text
 *     COM_QUIT, COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA                                           nothing
 *     the others                    OK | EOF | ERR
 *
 * Invariant: a packet that cannot be there is refused; `done` is true exactly when the server owes nothing more.
 */
import { GateError } from '../../core/errors.ts'
import { has, STATUS } from './capabilities.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { AuthenticationReply, Column, Command, Eof, Failure, Ok, Prepared } from './messages.ts'
import { MOST_OF_A_PART } from './packet.ts'
import { readAuthenticationReply } from './read-handshake.ts'
import {
  END,
  ERROR,
  LOCAL_FILE,
  OK,
  readColumn,
  readColumnCount,
  readEof,
  readFailure,
  readLocalFile,
  readOk,
  readPrepared,
} from './read-reply.ts'

export type Reply =
  | Ok
  | Failure
  | Prepared
  | AuthenticationReply
  /** The server wants this file of the client. */
  | { readonly kind: 'local-file'; readonly name: string }
  | { readonly kind: 'columns'; readonly count: number }
  | { readonly kind: 'column' | 'parameter'; readonly column: Column }
  /** After columns and before rows. */
  | { readonly kind: 'columns-end'; readonly eof: Eof }
  /** To be read by `readTextRow` or `readBinaryRow`, or passed as it is. */
  | { readonly kind: 'row' }
  /** The end of rows. */
  | { readonly kind: 'end'; readonly end: Ok | Eof }
  | { readonly kind: 'statistics'; readonly text: string }

/** What may come next. */
type State =
  | 'done'
  | 'simple'
  | 'result'
  | 'file'
  | 'columns'
  | 'columns-end'
  | 'rows'
  | 'fetch'
  | 'prepared'
  | 'field-list'
  | 'authentication'
  | 'statistics'

const FIRST: Readonly<Record<Exclude<Command['kind'], 'other' | 'stmt-unknown'>, State>> = {
  quit: 'done',
  'stmt-close': 'done',
  'stmt-send-long-data': 'done',
  query: 'result',
  'stmt-execute': 'result',
  'stmt-prepare': 'prepared',
  'stmt-fetch': 'fetch',
  'field-list': 'field-list',
  'change-user': 'authentication',
  statistics: 'statistics',
  'init-db': 'simple',
  'process-kill': 'simple',
  debug: 'simple',
  ping: 'simple',
  'stmt-reset': 'simple',
  'set-option': 'simple',
  'reset-connection': 'simple',
}

/** Columns that are to come. */
interface Section {
  readonly kind: 'column' | 'parameter'
  readonly count: number
  /** Whether rows follow, or at most another section. */
  readonly beforeRows: boolean
}

export class Replies {
  readonly #capabilities: number
  readonly #limits: MysqlLimits
  readonly #deprecatesEof: boolean
  #state: State = 'done'
  #sections: Section[] = []
  /** Columns of the first section that are to come. */
  #left = 0

  /** `capabilities`: what the gate and this server agreed on. */
  constructor(capabilities: number, limits: MysqlLimits = MYSQL_LIMITS) {
    this.#capabilities = capabilities
    this.#limits = limits
    this.#deprecatesEof = has(capabilities, 'deprecateEof')
  }

  /** To be called when a command was sent, or `handshake` for an answer to the server's handshake. */
  begin(kind: keyof typeof FIRST | 'handshake'): void {
    if (!this.done)
      throw new GateError('internal', 'a command was sent while the server still answers another')
    this.#state = kind === 'handshake' ? 'authentication' : FIRST[kind]
  }

  /** Whether the server owes nothing more. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /** Whether rows may come next: packets are to be pulled by `ServerReader.nextRow` then. */
  get inRows(): boolean {
    return this.#state === 'rows' || this.#state === 'fetch'
  }

  /** What this packet is. Throws `mysql-reply-malformed`, `mysql-reply-too-wide`. */
  read(payload: Buffer): Reply {
    const first = payload[0]
    if (this.#state === 'done') throw refuse('a packet that nobody asked for')
    if (first === undefined) throw refuse('an empty packet')
    if (first === ERROR) {
      this.#state = 'done'
      return readFailure(payload)
    }
    switch (this.#state) {
      case 'rows':
      case 'fetch':
        return this.#row(payload, first)
      case 'columns':
        return this.#column(payload)
      case 'columns-end':
        return this.#columnsEnd(payload)
      case 'result':
        return this.#result(payload, first)
      case 'field-list':
        if (first === END) return this.#end(payload)
        return { kind: 'column', column: readColumn(payload, true, this.#limits) }
      case 'prepared':
        return this.#prepared(payload)
      case 'authentication':
        if (first !== OK) return readAuthenticationReply(payload, this.#limits)
        return this.#ok(payload, 'done')
      case 'file':
        return this.#ok(payload, 'result')
      case 'statistics':
        this.#state = 'done'
        return { kind: 'statistics', text: payload.toString('utf8') }
      case 'simple':
        return first === END ? this.#end(payload) : this.#ok(payload, 'done')
    }
  }

  #result(payload: Buffer, first: number): Reply {
    if (first === OK) return this.#ok(payload, 'result')
    if (first === LOCAL_FILE) {
      this.#state = 'file'
      return { kind: 'local-file', name: readLocalFile(payload) }
    }
    const count = readColumnCount(payload, this.#limits)
    this.#expect([{ kind: 'column', count, beforeRows: true }])
    return { kind: 'columns', count }
  }

  #prepared(payload: Buffer): Reply {
    const prepared = readPrepared(payload, this.#limits)
    this.#expect([
      { kind: 'parameter', count: prepared.parameters, beforeRows: false },
      { kind: 'column', count: prepared.columns, beforeRows: false },
    ])
    return prepared
  }

  #expect(sections: readonly Section[]): void {
    this.#sections = sections.filter(({ count }) => count > 0)
    this.#left = this.#sections[0]?.count ?? 0
    this.#state = this.#sections.length > 0 ? 'columns' : 'done'
  }

  #column(payload: Buffer): Reply {
    const column = readColumn(payload, false, this.#limits)
    const kind = this.#sections[0]?.kind ?? 'column'
    this.#left--
    if (this.#left === 0) {
      if (this.#deprecatesEof) this.#endSection()
      else this.#state = 'columns-end'
    }
    return { kind, column }
  }

  #columnsEnd(payload: Buffer): Reply {
    const eof = readEof(payload)
    const opensCursor = this.#sections[0]?.beforeRows === true && (eof.status & STATUS.cursorExists) !== 0
    if (opensCursor) this.#state = 'done'
    else this.#endSection()
    return { kind: 'columns-end', eof }
  }

  #endSection(): void {
    const [ended, ...rest] = this.#sections
    if (ended?.beforeRows === true) this.#state = 'rows'
    else this.#expect(rest)
  }

  #row(payload: Buffer, first: number): Reply {
    // A value of 16 MiB and more begins with the same byte as the end does.
    const isEnd =
      first === END && (this.#deprecatesEof ? payload.length < MOST_OF_A_PART : payload.length < 9)
    return isEnd ? this.#end(payload) : { kind: 'row' }
  }

  #end(payload: Buffer): Reply {
    const end = this.#deprecatesEof
      ? readOk(payload, this.#capabilities, END, this.#limits)
      : readEof(payload)
    const more = this.#state === 'rows' && (end.status & STATUS.moreResults) !== 0
    this.#state = more ? 'result' : 'done'
    return { kind: 'end', end }
  }

  /** `then`: what follows if the server says that more does. */
  #ok(payload: Buffer, then: 'result' | 'done'): Reply {
    const ok = readOk(payload, this.#capabilities, OK, this.#limits)
    this.#state = (ok.status & STATUS.moreResults) !== 0 ? then : 'done'
    return ok
  }
}

function refuse(what: string): GateError {
  return new GateError('mysql-reply-malformed', `the server sent ${what}`)
}
