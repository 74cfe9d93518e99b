import fc from 'fast-check'
import { Redacted } from '../../../src/core/redacted.ts'
import type {
  Authentication,
  BackendMessage,
  Format,
  FrontendMessage,
  StartupPacket,
  Value,
} from '../../../src/wire/postgres/messages.ts'

/** Messages of PostgreSQL as fast-check makes them. */

function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter(one => !one.includes('\0') && one.isWellFormed())
const some = text.filter(one => one !== '')
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 63 })
const bytes = fc.uint8Array({ maxLength: 40 }).map(all => Buffer.from(all))
const value = fc.option(bytes) as fc.Arbitrary<Value>
const format = fc.constantFrom<Format>(0, 1)
const formats = fc.array(format, { maxLength: 4 })
const oid = fc.nat({ max: 0xffff_ffff })
const int16 = fc.integer({ min: -32768, max: 32767 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const handle = fc.constantFrom<'S' | 'P'>('S', 'P')

const parameters = fc.array(value, { maxLength: 4 }).chain(values =>
  record({
    parameters: fc.constant(values),
    formats: fc.oneof(
      fc.constant<Format[]>([]),
      format.map(one => [one]),
      fc.array(format, { minLength: values.length, maxLength: values.length }),
    ),
  }),
)

export const frontendMessage: fc.Arbitrary<FrontendMessage> = fc.oneof(
  record({ kind: fc.constant('query' as const), sql: text }),
  record({
    kind: fc.constant('parse' as const),
    statement: name,
    sql: text,
    types: fc.array(oid, { maxLength: 4 }),
  }),
  record({ portal: name, statement: name, values: parameters, resultFormats: formats }).map(
    ({ values, ...rest }): FrontendMessage => ({ kind: 'bind', ...values, ...rest }),
  ),
  record({ oid, values: parameters, resultFormat: format }).map(
    ({ values, ...rest }): FrontendMessage => ({ kind: 'function-call', ...values, ...rest }),
  ),
  record({ kind: fc.constantFrom('describe' as const, 'close' as const), handle, name }),
  record({ kind: fc.constant('execute' as const), portal: name, maxRows: fc.nat({ max: 2 ** 31 - 1 }) }),
  bytes.map((data): FrontendMessage => ({ kind: 'authentication', data: new Redacted(data) })),
  record({ kind: fc.constant('copy-data' as const), data: bytes }),
  record({ kind: fc.constant('copy-fail' as const), reason: text }),
  fc.constantFrom('copy-done', 'flush', 'sync', 'terminate').map(kind => ({ kind }) as FrontendMessage),
)

const key = record({ processId: int32, secret: fc.uint8Array({ minLength: 4, maxLength: 256 }) }).map(
  ({ processId, secret }) => ({ processId, secret: new Redacted(Buffer.from(secret)) }),
)

const settings = fc.uniqueArray(fc.tuple(some, text), { maxLength: 6, selector: ([one]) => one })

export const startupPacket: fc.Arbitrary<StartupPacket> = fc.oneof(
  fc.constantFrom<StartupPacket>({ kind: 'ssl-request' }, { kind: 'gss-request' }),
  key.map((one): StartupPacket => ({ kind: 'cancel', key: one })),
  record({ minor: fc.nat({ max: 0xffff }), parameters: settings }).map(
    one =>
      ({ kind: 'startup', version: { major: 3, minor: one.minor }, parameters: one.parameters }) as const,
  ),
)

const authentication: fc.Arbitrary<Authentication> = fc.oneof(
  fc
    .constantFrom('ok', 'kerberos', 'cleartext', 'gss', 'sspi')
    .map(method => ({ kind: 'authentication', method }) as Authentication),
  fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((salt): Authentication => ({ kind: 'authentication', method: 'md5', salt: Buffer.from(salt) })),
  fc
    .array(some, { maxLength: 4 })
    .map((mechanisms): Authentication => ({ kind: 'authentication', method: 'sasl', mechanisms })),
  fc
    .tuple(fc.constantFrom('sasl-continue', 'sasl-final', 'gss-continue'), bytes)
    .map(([method, data]) => ({ kind: 'authentication', method, data }) as Authentication),
)

const column = record({
  name: text,
  table: oid,
  attribute: int16,
  type: oid,
  typeSize: int16,
  typeModifier: int32,
  format,
})

const fields = fc.uniqueArray(fc.tuple(fc.constantFrom(...'SVCMDHPpqWstcdnFLR'), text), {
  selector: ([letter]) => letter,
})

export const backendMessage: fc.Arbitrary<BackendMessage> = fc.oneof(
  authentication,
  key.map((one): BackendMessage => ({ kind: 'backend-key', key: one })),
  record({ kind: fc.constant('parameter-status' as const), name: text, value: text }),
  record({ kind: fc.constant('ready' as const), state: fc.constantFrom<'I' | 'T' | 'E'>('I', 'T', 'E') }),
  record({ kind: fc.constant('row-description' as const), columns: fc.array(column, { maxLength: 4 }) }),
  record({ kind: fc.constant('data-row' as const), values: fc.array(value, { maxLength: 6 }) }),
  record({
    kind: fc.constantFrom(
      'copy-in-response' as const,
      'copy-out-response' as const,
      'copy-both-response' as const,
    ),
    format,
    columnFormats: formats,
  }),
  record({ kind: fc.constant('copy-data' as const), data: bytes }),
  record({ kind: fc.constant('command-complete' as const), tag: text }),
  record({ kind: fc.constantFrom('error' as const, 'notice' as const), fields }),
  record({ kind: fc.constant('notification' as const), processId: int32, channel: text, payload: text }),
  record({ kind: fc.constant('parameter-description' as const), types: fc.array(oid, { maxLength: 5 }) }),
  record({ kind: fc.constant('function-result' as const), value }),
  record({
    kind: fc.constant('negotiate-version' as const),
    version: record({ major: fc.constant(3), minor: fc.nat({ max: 0xffff }) }),
    unknown: fc.array(some, { maxLength: 3 }),
  }),
  fc
    .constantFrom(
      'parse-complete',
      'bind-complete',
      'close-complete',
      'no-data',
      'portal-suspended',
      'empty-query',
      'copy-done',
    )
    .map(kind => ({ kind }) as BackendMessage),
)

/** The same bytes in pieces that end at these places; more than enough places are taken modulo. */
export function split(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map(place => (whole.length === 0 ? 0 : place % whole.length)))].sort(
    (a, b) => a - b,
  )
  const pieces: Buffer[] = []
  let start = 0
  for (const end of [...ends, whole.length]) {
    pieces.push(whole.subarray(start, end))
    start = end
  }
  return pieces
}
