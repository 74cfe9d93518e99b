import fc from 'fast-check'
import { Redacted } from '../../../src/core/redacted.ts'
import { type Capability, capabilities, NEEDED } from '../../../src/wire/mysql/capabilities.ts'
import type { Prototype } from '../../../src/wire/mysql/execute.ts'
import type {
  Attribute,
  Column,
  Command,
  Handshake,
  HandshakeResponse,
  Ok,
  Parameter,
  TlsRequest,
  Value,
} from '../../../src/wire/mysql/messages.ts'

/** Packets of MySQL as fast-check makes them. */

function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter(one => !one.includes('\0') && one.isWellFormed())
const bytes = fc.uint8Array({ maxLength: 300 }).map(all => Buffer.from(all))
const byte = fc.nat({ max: 0xff })
const short = fc.nat({ max: 0xffff })
const long = fc.nat({ max: 0xffff_ffff })

const FORMS: readonly Capability[] = [
  'connectWithDatabase',
  'connectAttributes',
  'longAuthData',
  'sessionTrack',
  'deprecateEof',
  'queryAttributes',
  'multiStatements',
  'tls',
]
export const agreed: fc.Arbitrary<number> = fc
  .subarray([...FORMS])
  .map(names => (NEEDED | capabilities(...names)) >>> 0)

export const handshake: fc.Arbitrary<Handshake> = record<Handshake>({
  version: text,
  connectionId: long,
  challenge: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(all => Buffer.from(all)),
  capabilities: agreed,
  extended: long,
  collation: byte,
  status: short,
  plugin: text,
})

const attributes: fc.Arbitrary<Attribute[]> = fc.array(fc.tuple(text, text), { maxLength: 4 })
const redacted = fc.uint8Array({ maxLength: 255 }).map(all => new Redacted(Buffer.from(all)))

export const response: fc.Arbitrary<HandshakeResponse | TlsRequest> = agreed.chain(bits => {
  const head = { capabilities: fc.constant(bits), mostPacketBytes: long, collation: byte }
  const has = (name: Capability): boolean => (bits & capabilities(name)) !== 0
  const full = record<HandshakeResponse>({
    kind: fc.constant('handshake-response'),
    ...head,
    user: text,
    proof: redacted,
    database: has('connectWithDatabase') ? text : fc.constant(undefined),
    plugin: text,
    attributes: has('connectAttributes') ? attributes : fc.constant([]),
  })
  return has('tls') ? fc.oneof(full, record<TlsRequest>({ kind: fc.constant('tls-request'), ...head })) : full
})

const WIDTHS: readonly (readonly [number, number])[] = [
  [0x01, 1],
  [0x02, 2],
  [0x03, 4],
  [0x04, 4],
  [0x05, 8],
  [0x08, 8],
  [0x09, 4],
  [0x0d, 2],
]
const fixed = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(all => Buffer.from(all))

/** A type and a value of it. */
export const typed: fc.Arbitrary<readonly [number, Value]> = fc.oneof(
  ...WIDTHS.map(([type, width]) => fc.tuple(fc.constant(type), fixed(width))),
  fc.tuple(fc.constantFrom(0x07, 0x0a, 0x0c), fc.constantFrom(0, 4, 7, 11).chain(fixed)),
  fc.tuple(fc.constant(0x0b), fc.constantFrom(0, 8, 12).chain(fixed)),
  fc.tuple(fc.constantFrom(0x00, 0x0f, 0xf5, 0xf6, 0xfc, 0xfd, 0xfe), bytes),
  fc.tuple(fc.constantFrom(0x06, 0x01, 0xfc), fc.constant(null)),
)

const parameter = (named: boolean): fc.Arbitrary<Parameter> =>
  fc
    .tuple(typed, fc.boolean(), named ? text : fc.constant(''))
    .map(([[type, value], unsigned, name]) => ({ type: { type, unsigned }, name, value }))

/** A command, what was agreed on, and the prepared statement that it may execute. */
export interface CommandCase {
  readonly command: Command
  readonly capabilities: number
  readonly prototype: Prototype | undefined
}

const execution = (bits: number): fc.Arbitrary<CommandCase> => {
  const named = (bits & capabilities('queryAttributes')) !== 0
  return fc
    .tuple(
      fc.array(parameter(named), { maxLength: 6 }),
      fc.array(fc.boolean()),
      fc.boolean(),
      long,
      fc.constantFrom(0, 1),
    )
    .map(([all, longs, typedNow, statement, cursor]): CommandCase => {
      const isLong = (i: number): boolean => longs[i] === true && all[i]?.value !== null
      const reuses = !typedNow && !named
      const parameters = all.map((one, i) => ({ ...one, ...(isLong(i) ? { value: undefined } : {}) }))
      const typesThen = reuses ? all.map(({ type }) => type) : undefined
      return {
        capabilities: bits,
        command: {
          kind: 'stmt-execute',
          statement,
          flags: cursor | (named ? 8 : 0),
          typed: parameters.length > 0 && !reuses,
          parameters,
        },
        prototype: {
          parameters: parameters.length,
          types: typesThen,
          long: new Set(parameters.flatMap(({ value }, i) => (value === undefined ? [i] : []))),
        },
      }
    })
}

const plain = (bits: number): fc.Arbitrary<Command> =>
  fc.oneof(
    fc
      .constantFrom('quit', 'statistics', 'debug', 'ping', 'reset-connection')
      .map(kind => ({ kind }) as Command),
    record({ kind: fc.constant('init-db' as const), database: text }),
    record({
      kind: fc.constant('query' as const),
      attributes:
        (bits & capabilities('queryAttributes')) === 0
          ? fc.constant<Parameter[]>([])
          : fc.array(parameter(true), { maxLength: 4 }),
      sql: bytes,
    }),
    record({ kind: fc.constant('field-list' as const), table: text, wildcard: text }),
    record({ kind: fc.constant('process-kill' as const), connectionId: long }),
    record({ kind: fc.constant('stmt-prepare' as const), sql: bytes }),
    record({
      kind: fc.constant('stmt-send-long-data' as const),
      statement: long,
      parameter: short,
      data: bytes,
    }),
    record({ kind: fc.constantFrom('stmt-close' as const, 'stmt-reset' as const), statement: long }),
    record({ kind: fc.constant('stmt-fetch' as const), statement: long, rows: long }),
    record({ kind: fc.constant('set-option' as const), option: fc.nat({ max: 1 }) }),
    record({
      kind: fc.constant('change-user' as const),
      user: text,
      proof: redacted,
      database: text,
      collation: short,
      plugin: text,
      attributes:
        (bits & capabilities('connectAttributes')) === 0 ? fc.constant<Attribute[]>([]) : attributes,
    }),
  )

export const commandCase: fc.Arbitrary<CommandCase> = agreed.chain(bits =>
  fc.oneof(
    plain(bits).map((command): CommandCase => ({ command, capabilities: bits, prototype: undefined })),
    execution(bits),
  ),
)

const wide = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 70_000n }))

/** An OK, by what was agreed on. */
export const okCase: fc.Arbitrary<readonly [Ok, number]> = fc
  .tuple(
    agreed,
    wide,
    wide,
    fc.constantFrom(0, 2, 0x4002),
    short,
    fc.option(text, { nil: undefined }),
    fc.array(fc.tuple(fc.nat({ max: 5 }), bytes), { maxLength: 3 }),
  )
  .map(([bits, affectedRows, lastInsertId, status, warnings, info, changes]) => {
    const tells = (bits & capabilities('sessionTrack')) !== 0 && (status & 0x4000) !== 0 && info !== undefined
    const told = tells ? changes.map(([type, data]) => ({ type, data })) : []
    return [{ kind: 'ok', affectedRows, lastInsertId, status, warnings, info, changes: told }, bits] as const
  })

export const column: fc.Arbitrary<Column> = record<Column>({
  schema: text,
  table: text,
  originalTable: text,
  name: text,
  originalName: text,
  collation: short,
  length: long,
  type: byte,
  flags: short,
  decimals: byte,
  defaultValue: fc.option(fc.option(bytes), { nil: undefined }) as fc.Arbitrary<Value | undefined>,
})
