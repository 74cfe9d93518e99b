import type { Setting } from '../../wire/postgres/messages.ts'
import { SQLSTATE, type Words } from './complaint.ts'

/** What a startup message says besides of who comes to what. */
export interface StartupSettings {
  /** For the server, `options` taken apart; names as the client wrote them, each once. */
  readonly settings: readonly Setting[]
  /** Names, in lower case, that a policy is asked about as if the client had sent SET. */
  readonly asked: readonly string[]
  /** Credentials of the gate: `ACCESS_KEY_ID:SESSION_TOKEN`; never for the server. */
  readonly token?: string
}

/** Settings that drivers bring along unasked: none changes what SQL means or what a server holds out. */
const USUAL: ReadonlySet<string> = new Set([
  'application_name',
  'datestyle',
  'timezone',
  'intervalstyle',
  'extra_float_digits',
])
/** Settings that clients may bring along where the policy lets them SET these. */
const ASKED: ReadonlySet<string> = new Set([
  'search_path',
  'statement_timeout',
  'lock_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'default_transaction_deferrable',
  'bytea_output',
  'client_min_messages',
  'jit',
  'plan_cache_mode',
])
const UTF8: ReadonlySet<string> = new Set(['utf8', 'utf-8', 'unicode'])
const NO: ReadonlySet<string> = new Set(['false', 'off', 'no', '0', 'f', 'n'])
/** The name under which clients carry credentials of the gate, for a proof by SCRAM. */
const TOKEN = 'sallyport.token'

/** Sorts the parameters of a startup message; gives words for the client where one cannot pass. */
export function startupSettings(parameters: readonly Setting[]): StartupSettings | Words {
  // As the server does: what stands in `options` first, then the others.
  const all: Setting[] = []
  for (const [name, value] of parameters) {
    if (name !== 'options') continue
    const split = splitOptions(value)
    if ('sqlstate' in split) return split
    all.push(...split.settings)
  }
  for (const [name, value] of parameters) {
    if (['user', 'database', 'options'].includes(name) || name.startsWith('_pq_.')) continue
    if (name === 'replication') {
      if (NO.has(value.toLowerCase())) continue
      return refused('the gate carries no replication', 'connect without `replication`')
    }
    all.push([name, value])
  }
  return sorted(all)
}

function sorted(all: readonly Setting[]): StartupSettings | Words {
  const settings = new Map<string, Setting>()
  let token: string | undefined
  for (const [name, value] of all) {
    const lower = name.toLowerCase()
    if (lower === 'client_encoding' && UTF8.has(value.toLowerCase())) continue
    if (lower === TOKEN) token = value
    else if (USUAL.has(lower) || ASKED.has(lower)) settings.set(lower, [name, value])
    else {
      return refused(
        `the gate does not take \`${name}\` when a client connects`,
        'use SET once connected, where the policy allows it',
      )
    }
  }
  return {
    // A server whose own encoding is another one would speak that.
    settings: [['client_encoding', 'UTF8'], ...settings.values()],
    asked: [...settings.keys()].filter(name => ASKED.has(name)),
    ...(token === undefined ? {} : { token }),
  }
}

/**
 * Takes `options` apart: `-c NAME=VALUE` and `--NAME=VALUE`, set off by white space, with backslashes before what is meant
 * literally. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
function splitOptions(text: string): { readonly settings: readonly Setting[] } | Words {
  const settings: Setting[] = []
  const words = splitWords(text)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const long = word.startsWith('--') ? word.slice(2) : undefined
    const short = word === '-c' ? (words[++i] ?? '') : word.startsWith('-c') ? word.slice(2) : undefined
    const assignment = long ?? short
    const at = assignment?.indexOf('=') ?? -1
    if (assignment === undefined || at < 1) {
      return refused(
        'the gate takes nothing in `options` but `-c NAME=VALUE`',
        'leave out the other switches of the server',
      )
    }
    settings.push([assignment.slice(0, at).replaceAll('-', '_'), assignment.slice(at + 1)])
  }
  return { settings }
}

function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (' \t\n\r\v\f'.includes(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      if (char === '\\') i++
      word = (word ?? '') + (char === '\\' ? text.charAt(i) : char)
    }
  }
  if (word !== undefined) words.push(word)
  return words
}

function refused(message: string, hint: string): Words {
  return { sqlstate: SQLSTATE.unsupported, message, hint }
}
