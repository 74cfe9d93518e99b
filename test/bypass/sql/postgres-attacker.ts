import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Redacted } from '../../../src/core/redacted.ts'
import { connectPostgres } from '../../../src/upstream/postgres/connect.ts'
import { writePassword } from '../../../src/wire/postgres/authentication.ts'
import type { BackendMessage, FrontendMessage } from '../../../src/wire/postgres/messages.ts'
import { BackendReader } from '../../../src/wire/postgres/reader.ts'
import { writeFrontend, writeStartup } from '../../../src/wire/postgres/writer.ts'
import { POSTGRES_PASSWORD } from '../../harness/postgres.ts'
import { GATE_PASSWORD } from '../../harness/postgres-gate.ts'

/** One message of an attacker, as the files of the corpus write it. */
export type Said =
  | 'sync'
  | 'flush'
  | 'copy-done'
  | 'terminate'
  | { readonly query: string }
  | { readonly parse: string; readonly as?: string; readonly types?: readonly number[] }
  | {
      readonly bind: string
      readonly portal?: string
      readonly parameters?: readonly (string | null)[]
      readonly binary?: boolean
    }
  | { readonly describe: string }
  | { readonly execute: string; readonly rows?: number }
  | { readonly close: string }
  | { readonly 'copy-data': string }
  | { readonly 'copy-fail': string }
  | { readonly call: number; readonly parameters: readonly string[] }
  /** Bytes, hex. */
  | { readonly raw: string }

/** What is sent at once: a text by Query; one by the extended protocol; or messages glued together. */
export type Step =
  | string
  | {
      readonly extended: string
      readonly parameters?: readonly (string | null)[]
      readonly binary?: boolean
    }
  | {
      readonly say: readonly Said[]
      /** How many times the server is ready then; absent: once for each Query and Sync. */
      readonly ready?: number
    }

const named = (text: string): { handle: 'S' | 'P'; name: string } => ({
  handle: text.startsWith('P') ? 'P' : 'S',
  name: text.slice(2),
})

const bytes = (values: readonly (string | null)[] | undefined): (Buffer | null)[] =>
  (values ?? []).map(value => (value === null ? null : Buffer.from(value)))

function messageOf(said: Exclude<Said, { readonly raw: string }>): FrontendMessage {
  if (typeof said === 'string') return { kind: said }
  if ('query' in said) return { kind: 'query', sql: said.query }
  if ('parse' in said) {
    return { kind: 'parse', statement: said.as ?? '', sql: said.parse, types: said.types ?? [] }
  }
  if ('bind' in said) {
    const { bind: statement, portal = '', parameters, binary } = said
    const resultFormats = binary === true ? ([1] as const) : []
    return { kind: 'bind', portal, statement, formats: [], parameters: bytes(parameters), resultFormats }
  }
  if ('describe' in said) return { kind: 'describe', ...named(said.describe) }
  if ('execute' in said) return { kind: 'execute', portal: said.execute, maxRows: said.rows ?? 0 }
  if ('close' in said) return { kind: 'close', ...named(said.close) }
  if ('copy-data' in said) return { kind: 'copy-data', data: Buffer.from(said['copy-data']) }
  if ('copy-fail' in said) return { kind: 'copy-fail', reason: said['copy-fail'] }
  const { call: oid, parameters } = said
  return { kind: 'function-call', oid, formats: [], parameters: bytes(parameters), resultFormat: 0 }
}

/** The messages of a step. */
export function saidBy(step: Step): readonly Said[] {
  if (typeof step === 'string') return [{ query: step }]
  if ('say' in step) return step.say
  const { extended, parameters = [], binary = false } = step
  return [{ parse: extended }, { bind: '', parameters, binary }, { describe: 'P' }, { execute: '' }, 'sync']
}

function readyAfter(step: Step): number {
  if (typeof step === 'object' && 'say' in step && step.ready !== undefined) return step.ready
  const ends = (said: Said): boolean => said === 'sync' || (typeof said === 'object' && 'query' in said)
  return saidBy(step).filter(ends).length
}

/** Somebody with a credential, who says what no client would, and keeps every byte that comes back. */
export class Attacker {
  messages: BackendMessage[] = []
  #chunks: Buffer[] = []
  readonly #socket: Socket
  readonly #reader: BackendReader
  #ready = 0
  #wake: () => void = () => undefined
  closed = false

  constructor(socket: Socket, reader: BackendReader) {
    this.#socket = socket
    this.#reader = reader
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
    socket.resume()
  }

  /** All that came, as bytes. */
  get heard(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** What came is looked at, and need not be kept. */
  forget(): void {
    this.#chunks = []
    this.messages = []
  }

  /** Says a step, and waits until it is answered, or the connection is over. What was answered. */
  async say(step: Step): Promise<readonly BackendMessage[]> {
    const from = this.messages.length
    const wanted = this.#ready + readyAfter(step)
    const all = saidBy(step).map(said =>
      typeof said === 'object' && 'raw' in said
        ? Buffer.from(said.raw.replaceAll(' ', ''), 'hex')
        : writeFrontend(messageOf(said)),
    )
    if (!this.closed) this.#socket.write(Buffer.concat(all))
    await this.#until(() => this.#ready >= wanted)
    return this.messages.slice(from)
  }

  leave(): void {
    this.#socket.destroy()
  }

  async #until(is: () => boolean): Promise<void> {
    while (!is() && !this.closed) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk))
    this.#reader.push(chunk)
    for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
      // Large rows come in pieces; their bytes are kept.
      if (frame.part !== 'whole') continue
      const message = this.#reader.read(frame)
      this.messages.push(message)
      if (message.kind === 'ready') this.#ready += 1
    }
    this.#wake()
  }

  /** By the gate. */
  static async byGate(port: number, database: string): Promise<Attacker> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const attacker = new Attacker(socket, new BackendReader())
    const parameters = [
      ['user', 'agent'],
      ['database', database],
    ] as const
    socket.write(writeStartup({ kind: 'startup', version: { major: 3, minor: 0 }, parameters }))
    socket.write(writeFrontend({ kind: 'authentication', data: writePassword(new Redacted(GATE_PASSWORD)) }))
    await attacker.#until(() => attacker.#ready > 0)
    return attacker
  }

  /** Past the gate, straight to the server: what an evasion does where nobody stands in its way. */
  static async straight(port: number, database: string): Promise<Attacker> {
    const { socket, reader } = await connectPostgres(
      { host: '127.0.0.1', port, tls: { kind: 'none' } },
      { user: 'gate', database, password: async () => new Redacted(POSTGRES_PASSWORD), settings: [] },
      { timeoutMs: 600_000, random: { bytes: length => Buffer.alloc(length, 3) } },
    )
    return new Attacker(socket, reader)
  }
}

/** SQLSTATEs of the errors among messages. */
export function statesOf(messages: readonly BackendMessage[]): string[] {
  return messages.flatMap(message =>
    message.kind === 'error' ? [message.fields.find(([letter]) => letter === 'C')?.[1] ?? ''] : [],
  )
}
