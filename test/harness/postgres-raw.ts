import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Redacted } from '../../src/core/redacted.ts'
import { writePassword } from '../../src/wire/postgres/authentication.ts'
import type { BackendMessage, FrontendMessage } from '../../src/wire/postgres/messages.ts'
import { BackendReader } from '../../src/wire/postgres/reader.ts'
import { writeFrontend, writeStartup } from '../../src/wire/postgres/writer.ts'
import { GATE_PASSWORD } from './postgres-gate.ts'

/** A client that says exactly what it is told, and keeps what it hears. */
export class RawPostgres {
  readonly socket: Socket
  readonly heard: BackendMessage[] = []
  /** What it was told until it was let in. */
  greeted: readonly BackendMessage[] = []
  readonly #reader = new BackendReader()
  #wake: () => void = () => undefined
  closed: boolean = false

  /** Over any socket; nothing is said by itself. */
  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
        this.heard.push(this.#reader.read(frame))
      }
      this.#wake()
    })
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async open(port: number): Promise<RawPostgres> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const raw = new RawPostgres(socket)
    const parameters = [
      ['user', 'agent'],
      ['database', 'postgres'],
    ] as const
    socket.write(writeStartup({ kind: 'startup', version: { major: 3, minor: 0 }, parameters }))
    raw.say({ kind: 'authentication', data: writePassword(new Redacted(GATE_PASSWORD)) })
    raw.greeted = await raw.until('ready')
    return raw
  }

  say(...messages: FrontendMessage[]): void {
    this.socket.write(Buffer.concat(messages.map(writeFrontend)))
  }

  /** What is heard up to a message of a kind, or the end; forgotten then. */
  async untilOrClosed(kind: BackendMessage['kind']): Promise<BackendMessage[]> {
    while (!this.closed && !this.heard.some(each => each.kind === kind)) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return this.heard.splice(0)
  }

  /** What is heard up to the n-th message of a kind; forgotten then. */
  async until(kind: BackendMessage['kind'] | 'close', times = 1): Promise<BackendMessage[]> {
    for (;;) {
      if (kind === 'close' ? this.closed : this.heard.filter(each => each.kind === kind).length >= times) {
        return this.heard.splice(0)
      }
      assert.ok(!this.closed, `closed before ${kind}: ${JSON.stringify(this.heard)}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

export const kinds = (messages: readonly BackendMessage[]): string =>
  messages.map(({ kind }) => kind).join(' ')
export const sqlstates = (messages: readonly BackendMessage[]): string[] =>
  messages.flatMap(m => (m.kind === 'error' ? (m.fields.find(([l]) => l === 'C')?.[1] ?? '') : []))
export const parse = (sql: string, statement = ''): FrontendMessage => ({
  kind: 'parse',
  statement,
  sql,
  types: [],
})
export const bind = (statement = '', portal = ''): FrontendMessage => ({
  ...{ kind: 'bind', portal, statement, formats: [], parameters: [], resultFormats: [] },
})
export const execute = (portal = '', maxRows = 0): FrontendMessage => ({ kind: 'execute', portal, maxRows })
export const sync: FrontendMessage = { kind: 'sync' }
