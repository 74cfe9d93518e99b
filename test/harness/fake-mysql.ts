import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { Redacted } from '../../src/core/redacted.ts'
import { Source } from '../../src/gateway/sql/source.ts'
import { READ_VARIABLES, type ReadVariable } from '../../src/upstream/mysql/port.ts'
import { type Capability, capabilities } from '../../src/wire/mysql/capabilities.ts'
import type { Ok } from '../../src/wire/mysql/messages.ts'
import { nextSequence, writePacket } from '../../src/wire/mysql/packet.ts'
import {
  CACHING_SHA2,
  CLEAR,
  isProof,
  NATIVE,
  readClearPassword,
  SHA2_FULL,
  SHA2_KNOWN,
  verifierOf,
} from '../../src/wire/mysql/passwords.ts'
import { readHandshakeResponse } from '../../src/wire/mysql/read-handshake.ts'
import { ClientReader } from '../../src/wire/mysql/reader.ts'
import {
  writeAuthenticationReply,
  writeColumn,
  writeColumnCount,
  writeFailure,
  writeHandshake,
  writeOk,
  writeTextRow,
} from '../../src/wire/mysql/writer.ts'

const CHALLENGE = Buffer.from('abcdefghijklmnopqrst')
const FRESH = Buffer.from('ABCDEFGHIJKLMNOPQRST')
const OFFERED: readonly Capability[] = [
  ...([
    'longPassword',
    'foundRows',
    'longFlag',
    'connectWithDatabase',
    'protocol41',
    'transactions',
  ] as const),
  ...(['tls', 'secureConnection', 'multiStatements', 'multiResults', 'preparedMultiResults'] as const),
  ...(['pluginAuth', 'connectAttributes', 'longAuthData', 'sessionTrack', 'deprecateEof'] as const),
]

/** How a server that only pretends to be one lets clients in. */
export interface FakeMysqlOptions {
  readonly password: string
  /** What it says in its handshake. */
  readonly plugin: string
  /** What it switches to. */
  readonly switchTo?: string
  /** `caching_sha2_password`: whether it has the password in its cache. */
  readonly knows?: boolean
  readonly tls?: { readonly key: string; readonly certificate: string }
  readonly version?: string
  readonly without?: readonly Capability[]
  /** Values of variables that it tells. */
  readonly variables?: Partial<Record<ReadVariable, string>>
  /** Takes over when the client is in: gets the server's side of the connection. */
  readonly then?: (talk: FakeTalk) => Promise<void> | void
}

export interface FakeMysql {
  readonly port: number
  /** What was said to it, in order: `tls`, plugins, `password in full`, commands. */
  readonly heard: string[]
  stop(): Promise<void>
}

/** Packets with a client, by turns. */
export class FakeTalk {
  readonly socket: Socket
  readonly #source: Source<ClientReader>
  #next: number

  constructor(socket: Socket, next = 0) {
    this.socket = socket
    this.#source = new Source(socket, new ClientReader())
    this.#next = next
  }

  get next(): number {
    return this.#next
  }

  say(...payloads: readonly Buffer[]): void {
    for (const payload of payloads) {
      this.socket.write(writePacket(payload, this.#next))
      this.#next = nextSequence(payload.length, this.#next)
    }
  }

  /** The next packet, or the next command; rejects where the client leaves. */
  async hear(isCommand = false): Promise<Buffer> {
    if (isCommand) this.#next = 0
    this.#source.reader.expect(this.#next)
    const packet = await this.#source.next(reader => reader.nextCommand())
    if (packet === undefined) throw new Error('the client has left')
    this.#next = packet.next
    return packet.payload
  }

  /** Leaves the socket to TLS, with what has come of that. */
  leave(): void {
    this.#source.leave()
    const rest = this.#source.reader.takeRest()
    if (rest.length > 0) this.socket.unshift(rest)
  }
}

/** Starts a server that lets clients in as MySQL 8 does, and answers nothing but what it is asked for its variables. */
export async function startFakeMysql(options: FakeMysqlOptions): Promise<FakeMysql> {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    serve(socket, options, heard).catch(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function serve(socket: Socket, options: FakeMysqlOptions, heard: string[]): Promise<void> {
  const { plugin, tls, version = '8.0.36', without = [] } = options
  let talk = new FakeTalk(socket)
  const offered = OFFERED.filter(each => !without.includes(each) && (each !== 'tls' || tls !== undefined))
  talk.say(
    writeHandshake({
      ...{ version, connectionId: 99, challenge: CHALLENGE, capabilities: capabilities(...offered) },
      ...{ extended: 0, collation: 45, status: 2, plugin },
    }),
  )
  let response = readHandshakeResponse(await talk.hear())
  if (response.kind === 'tls-request' && tls !== undefined) {
    heard.push('tls')
    talk.leave()
    const secureContext = createSecureContext({ key: tls.key, cert: tls.certificate })
    const secured = new TLSSocket(socket, { isServer: true, secureContext })
    secured.on('error', () => secured.destroy())
    talk = new FakeTalk(secured, talk.next)
    response = readHandshakeResponse(await talk.hear())
  }
  if (response.kind !== 'handshake-response') throw new Error('no answer')
  heard.push(response.plugin)
  const isIn = await prove(talk, response.plugin, response.proof, options, heard)
  if (!isIn) {
    talk.say(writeFailure({ kind: 'error', code: 1045, sqlstate: '28000', message: 'Access denied' }))
    return
  }
  talk.say(writeOk(DONE, 0))
  for (;;) {
    const command = await talk.hear(true)
    const sql = command.toString('utf8', 1)
    heard.push(sql)
    if (sql.startsWith('SELECT @@')) tellVariables(talk, options)
    else if (options.then !== undefined) return options.then(talk)
    else talk.say(writeOk(DONE, 0))
  }
}

const DONE: Ok = {
  kind: 'ok',
  affectedRows: 0n,
  lastInsertId: 0n,
  status: 2,
  warnings: 0,
  info: undefined,
  changes: [],
}

function tellVariables(talk: FakeTalk, { variables }: FakeMysqlOptions): void {
  const told: Record<string, string> = { character_set_client: 'utf8mb4', ...variables }
  const column = {
    ...{ schema: '', table: '', originalTable: '', name: 'v', originalName: '', collation: 45 },
    ...{ length: 100, type: 253, flags: 0, decimals: 0, defaultValue: undefined },
  }
  talk.say(
    writeColumnCount(READ_VARIABLES.length),
    ...READ_VARIABLES.map(() => writeColumn(column)),
    // An EOF where these are not deprecated: the gate asks for what its client has.
    Buffer.from([0xfe, 0, 0, 2, 0]),
    writeTextRow(READ_VARIABLES.map(name => Buffer.from(told[name] ?? ''))),
    Buffer.from([0xfe, 0, 0, 2, 0]),
  )
}

async function prove(
  talk: FakeTalk,
  begun: string,
  proof: Redacted<Buffer>,
  { plugin, switchTo, password, knows }: FakeMysqlOptions,
  heard: string[],
): Promise<boolean> {
  let [last, given, challenge] = [begun, proof, CHALLENGE]
  if (switchTo !== undefined || begun !== plugin) {
    last = switchTo ?? plugin
    challenge = FRESH
    const asked = Buffer.concat([FRESH, Buffer.alloc(1)])
    talk.say(writeAuthenticationReply({ kind: 'auth-switch', plugin: last, challenge: asked }))
    given = new Redacted(await talk.hear())
    heard.push(`switched to ${last}`)
  }
  if (last === CLEAR) return readClearPassword(given.reveal()).reveal() === password
  if (last !== NATIVE && last !== CACHING_SHA2) return false
  if (!isProof(last, given, verifierOf(last, new Redacted(password)), challenge)) return false
  if (last === NATIVE) return true
  if (knows === true) {
    talk.say(writeAuthenticationReply({ kind: 'auth-more', data: Buffer.of(SHA2_KNOWN) }))
    return true
  }
  talk.say(writeAuthenticationReply({ kind: 'auth-more', data: Buffer.of(SHA2_FULL) }))
  const full = readClearPassword(await talk.hear())
  heard.push('password in full')
  return full.reveal() === password
}
