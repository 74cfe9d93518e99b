import type { SqlStatement } from '../../interpret/sql/model.ts'
import type { Understood } from './understood.ts'

/** Statements whose options, bodies or connection strings may be secret whatever they are called. */
const SECRET_TAGS: ReadonlySet<string> = new Set([
  ...['CREATE ROLE', 'ALTER ROLE', 'CREATE USER', 'ALTER USER', 'GRANT', 'SET PASSWORD', 'SET ROLE'],
  ...['CREATE SERVER', 'ALTER SERVER', 'CREATE USER MAPPING', 'ALTER USER MAPPING'],
  ...['CREATE FOREIGN DATA WRAPPER', 'ALTER FOREIGN DATA WRAPPER', 'CREATE FOREIGN TABLE'],
  ...['CREATE SUBSCRIPTION', 'ALTER SUBSCRIPTION', 'ALTER SYSTEM', 'CHANGE MASTER', 'CHANGE REPLICATION'],
])

/**
 * What a text has in it, in lower case, where it deals with secrets: names of columns, settings, options and functions
 * alike. Rather too many: of such a text the constants alone are left out.
 */
const SECRET_WORDS: readonly string[] = [
  ...['password', 'passwd', 'passphrase', 'pwd', 'secret', 'credential', 'token', 'identified'],
  ...[
    'apikey',
    'api_key',
    'access_key',
    'accesskey',
    'private_key',
    'privatekey',
    'secret_key',
    'signing_key',
  ],
  // Functions that take keys, or what is to be hashed or hidden: pgcrypto, pgsodium, MySQL, dblink.
  ...['crypt', 'pgp_', 'armor(', 'hmac', 'digest(', 'sodium', 'dblink', 'sha1(', 'sha2(', 'md5('],
]

/** Looked at once for each text that was understood. */
const KNOWN = new WeakMap<Understood, { readonly sql: string; readonly carries: boolean }>()

/**
 * Whether the constants or parameters of a text may be secret by what the text is for: passwords of roles, options of
 * servers, settings, keys of functions. In doubt they may be.
 */
export function carriesSecrets(understood: Understood, sql: string): boolean {
  const known = KNOWN.get(understood)
  if (known?.sql === sql) return known.carries
  const carries = hasSecretWord(sql) || understood.statements.some(isSecret)
  KNOWN.set(understood, { sql, carries })
  return carries
}

function isSecret({ tag, touches, functions }: SqlStatement): boolean {
  if (SECRET_TAGS.has(tag)) return true
  if ([...functions].some(hasSecretWord)) return true
  return touches.some(({ action, object: { kind, name }, columns }) => {
    // Which columns it fills is not said: one of them may be called so.
    if (action === 'sql:Insert' && columns.size === 0) return true
    // Settings with a point in their names are those of applications: nobody knows what for.
    if (kind === 'setting' && name.includes('.')) return true
    return kind === 'server' || hasSecretWord(name) || [...columns].some(hasSecretWord)
  })
}

function hasSecretWord(text: string): boolean {
  const lower = text.toLowerCase()
  return SECRET_WORDS.some(word => lower.includes(word))
}
