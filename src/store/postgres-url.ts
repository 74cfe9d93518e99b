import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { GateError } from '../core/errors.ts'
import type { Redacted } from '../core/redacted.ts'

/** Where the database is. The password is in here: never in an error or a log. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password?: string
  readonly database: string
  readonly ssl: false | ConnectionOptions
}

const DEFAULT_PORT = 5432
const PARAMETERS: ReadonlySet<string> = new Set(['host', 'sslmode', 'sslrootcert'])
const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const
type Mode = (typeof MODES)[number]
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. Read here and not by the driver, which
 * takes whatever it does not know for nothing, and whose `require` changes its meaning between versions.
 * The modes mean what they mean in libpq (https://www.postgresql.org/docs/current/libpq-ssl.html), but the
 * default is `verify-full` for every host but this machine, and `prefer` and `allow`, which anybody on the
 * way can talk out of TLS, are refused. Errors: `store-url-invalid`, which never quotes the URL.
 */
export function readPostgresUrl(redacted: Redacted): PostgresAddress {
  const url = parse(redacted.reveal())
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`its parameter \`${name}\` is not known`)
    if (url.searchParams.getAll(name).length > 1) throw invalid(`it has \`${name}\` twice`)
  }
  const host = hostOf(url)
  const user = decoded(url.username)
  if (user === '') throw invalid('it names no user')
  const database = decoded(url.pathname.slice(1))
  if (database === '' || database.includes('/')) throw invalid('it names no database')
  const password = decoded(url.password)
  return {
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user,
    ...(password === '' ? {} : { password }),
    database,
    ssl: tls(url.searchParams, host),
  }
}

function parse(text: string): URL {
  // What `new URL` throws has the whole text in it, password and all.
  if (!URL.canParse(text)) throw invalid('it is no URL')
  const url = new URL(text)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw invalid('it is not `postgres://`')
  if (url.hash !== '') throw invalid('it has a `#`; write `%23` in a password')
  return url
}

/** `?host=/run/postgresql` is the folder of a local socket, as in libpq; the URL itself then says localhost. */
function hostOf(url: URL): string {
  const host = decoded(url.hostname.replace(/^\[|\]$/g, ''))
  const folder = url.searchParams.get('host')
  if (folder !== null) {
    if (!folder.startsWith('/') || !LOOPBACK.has(host)) {
      throw invalid('`host` is for the folder of a socket: `postgres://USER@localhost/DATABASE?host=/FOLDER`')
    }
    return folder
  }
  if (host === '') throw invalid('it names no host')
  return host
}

function tls(parameters: URLSearchParams, host: string): false | ConnectionOptions {
  const isLocal = host.startsWith('/') || LOOPBACK.has(host)
  const mode = parameters.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full')
  if (!isMode(mode)) throw invalid(`\`sslmode\` must be one of ${MODES.join(', ')}`)
  const rootFile = parameters.get('sslrootcert')
  if (mode === 'disable') {
    if (rootFile !== null) throw invalid('`sslrootcert` needs an `sslmode` that verifies')
    return false
  }
  const ca = rootFile === null ? {} : { ca: readRoot(rootFile) }
  // As in libpq: `require` verifies the authority where one is given.
  if (mode === 'require' && rootFile === null) return { rejectUnauthorized: false }
  if (mode === 'verify-full') return { rejectUnauthorized: true, ...ca }
  return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...ca }
}

function isMode(text: string): text is Mode {
  return MODES.some(mode => mode === text)
}

function readRoot(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw invalid(`the file of \`sslrootcert\`, \`${path}\`, cannot be read`, error)
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('a part of it has a `%` that is not followed by two hex digits')
  }
}

function invalid(why: string, cause?: unknown): GateError {
  return new GateError('store-url-invalid', `the URL of the store cannot be used: ${why}`, { cause })
}
