import type { Socket } from 'node:net'
import type { BackendMessage } from '../../wire/postgres/messages.ts'
import { BackendReader } from '../../wire/postgres/reader.ts'
import { Conversation as AnyConversation } from '../conversation.ts'

/** With a PostgreSQL server. */
export class Conversation extends AnyConversation<BackendReader> {
  constructor(socket: Socket) {
    super(socket, new BackendReader())
  }

  /** The next message. Rejects with `database-unreachable` where the connection ends before it. */
  message(): Promise<BackendMessage> {
    return this.until(reader => {
      const frame = reader.next()
      return frame && reader.read(frame)
    })
  }

  encryptionReply(): Promise<'S' | 'G' | 'N'> {
    return this.until(reader => reader.nextEncryptionReply())
  }
}
