import { GateError } from '../../core/errors.ts'
import type { Value } from '../../wire/mysql/messages.ts'
import { readTextRow } from '../../wire/mysql/read-reply.ts'
import { Replies } from '../../wire/mysql/replies.ts'
import { writeCommand } from '../../wire/mysql/writer.ts'
import { refused } from './login.ts'
import type { Talk } from './talk.ts'

/** Rows of the gate's own questions, and their bytes in all. */
const MAX_ROWS = 100
const MAX_BYTES = 1024 * 1024

export interface Answer {
  readonly rows: readonly (readonly Value[])[]
  /** As the server last said it. */
  readonly status: number
}

/**
 * Asks a question of the gate itself, while a connection is being made. Rejects with `database-refused` where the server says
 * an error (`allowed`: but for this one), with `database-unreachable` and `mysql-reply-…`.
 */
export async function ask(talk: Talk, capabilities: number, sql: string, allowed?: number): Promise<Answer> {
  const replies = new Replies(capabilities)
  replies.begin('query')
  talk.sendPacket(writeCommand({ kind: 'query', attributes: [], sql: Buffer.from(sql) }, capabilities), 0)
  const rows: (readonly Value[])[] = []
  let columns = 0
  let bytes = 0
  for (;;) {
    const packet = await talk.packet()
    const reply = replies.read(packet.payload)
    if (reply.kind === 'error' && reply.code !== allowed) {
      throw refused(`to a question of the gate it says \`${reply.code}\`: ${reply.message.slice(0, 500)}`)
    }
    if (reply.kind === 'error') return { rows, status: 0 }
    if (reply.kind === 'columns') columns = reply.count
    bytes += packet.payload.length
    if (reply.kind === 'row') rows.push(readTextRow(packet.payload, columns))
    if (rows.length > MAX_ROWS || bytes > MAX_BYTES)
      throw new GateError('mysql-reply-malformed', 'the server sent rows without end')
    if (!replies.done) continue
    if (reply.kind === 'end') return { rows, status: reply.end.status }
    if (reply.kind === 'ok') return { rows, status: reply.status }
    throw refused(`to a question of the gate it sends \`${reply.kind}\``)
  }
}
