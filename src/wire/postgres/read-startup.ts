/**
 * Reads startup packets.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (StartupMessage, SSLRequest, …)
 *
 *     StartupMessage   | length | 3, 2 bytes | minor, 2 bytes | name 0 value 0 … | 0 |
 *     SSLRequest       | 8      | 80877103 |
 *     GSSENCRequest    | 8      | 80877104 |
 *     CancelRequest    | length | 80877102 | process id | secret, 4 to 256 bytes |
 *
 * Invariant: no name comes twice, so that nobody reads another user or database than the gate did.
 */
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { Cursor } from './cursor.ts'
import type { PostgresLimits } from './limits.ts'
import type { CancelKey, Setting, StartupPacket } from './messages.ts'
import { STARTUP } from './types.ts'

const MAJOR = 3
const KEY_BYTES = { least: 4, most: 256 }

/** The startup packet of a whole frame. Throws `postgres-malformed`, `postgres-version-refused` and limits. */
export function readStartup(bytes: Buffer, limits: PostgresLimits): StartupPacket {
  const cursor = new Cursor('client', 'startup', bytes, 4)
  const code = cursor.uint32()
  switch (code) {
    case STARTUP.ssl:
      cursor.end()
      return { kind: 'ssl-request' }
    case STARTUP.gss:
      cursor.end()
      return { kind: 'gss-request' }
    case STARTUP.cancel:
      return { kind: 'cancel', key: readCancelKey(cursor) }
    default: {
      const version = { major: code >>> 16, minor: code & 0xffff }
      if (version.major !== MAJOR) {
        throw new GateError(
          'postgres-version-refused',
          `the client asks for version ${version.major}.${version.minor} of the PostgreSQL protocol`,
        )
      }
      const parameters = readSettings(cursor, limits)
      cursor.end()
      return { kind: 'startup', version, parameters }
    }
  }
}

/** A process id and the secret that goes with it, up to the end of the message. */
export function readCancelKey(cursor: Cursor): CancelKey {
  const processId = cursor.int32()
  if (cursor.left < KEY_BYTES.least || cursor.left > KEY_BYTES.most) {
    throw cursor.malformed(`a secret of ${cursor.left} bytes`)
  }
  return { processId, secret: new Redacted(Buffer.from(cursor.rest())) }
}

function readSettings(cursor: Cursor, limits: PostgresLimits): Setting[] {
  const settings: Setting[] = []
  const names = new Set<string>()
  for (;;) {
    const name = cursor.text(limits.labelBytes)
    if (name === '') return settings
    if (names.has(name)) throw cursor.malformed('a parameter twice')
    if (names.size === limits.startupParameters) {
      throw new GateError(
        'postgres-too-many-values',
        `the startup message has more than ${limits.startupParameters} parameters`,
      )
    }
    names.add(name)
    settings.push([name, cursor.text()])
  }
}
