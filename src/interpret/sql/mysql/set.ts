import { type SessionEffect, Unresolved } from '../model.ts'
import { checkConstant } from './constants.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'

/** Charsets in which the bytes of quotes and backslashes are those characters and nothing else. */
const CHARSETS: ReadonlySet<string> = new Set([
  'utf8mb4',
  'utf8mb3',
  'utf8',
  'latin1',
  'ascii',
  'binary',
  'default',
])
const SCOPES: ReadonlySet<string> = new Set(['SESSION', 'LOCAL', 'GLOBAL', 'PERSIST', 'PERSIST_ONLY'])

/**
 * What SET changes, one effect for each variable, with its value where that is a constant. `character_set` stands for NAMES and CHARACTER SET.
 * Throws `Unresolved` for expressions that read tables, and for what makes servers read texts otherwise than the gate.
 */
export function setEffects(tokens: readonly Token[]): readonly SessionEffect[] {
  const [, second, third] = tokens
  if (wordOf(second) === 'NAMES') return [charsetEffect(third, tokens.slice(3))]
  if (wordOf(second) === 'CHARSET') return [charsetEffect(third, tokens.slice(3))]
  if (wordOf(second) === 'CHARACTER' && wordOf(third) === 'SET')
    return [charsetEffect(tokens[3], tokens.slice(4))]
  if (tokens.slice(1, 3).some(token => wordOf(token) === 'TRANSACTION')) {
    const values = tokens.slice(1).map(({ value }) => value)
    return [{ kind: 'set', name: 'transaction', values, local: false }]
  }
  return parts(tokens.slice(1)).map(assignmentEffect)
}

function charsetEffect(charset: Token | undefined, rest: readonly Token[]): SessionEffect {
  const isCollated = rest.length === 2 && wordOf(rest[0]) === 'COLLATE'
  const name = charset?.value.toLowerCase() ?? ''
  if (!CHARSETS.has(name) || (rest.length > 0 && !isCollated)) {
    throw new Unresolved(`the gate does not read texts of the charset \`${name}\``)
  }
  return { kind: 'set', name: 'character_set', values: [name], local: false }
}

/** What commas outside of brackets stand between. */
function parts(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const all: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token.text === '(') depth += 1
    if (token.text === ')') depth -= 1
    if (token.kind === 'operator' && token.text === ',' && depth === 0) all.push([])
    else all.at(-1)?.push(token)
  }
  return all
}

/**
 * `[scope] name = expression`. What an expression gives is looked at when it is set: the session's own state is read back,
 * and a session that the gate cannot read any more goes no further.
 */
function assignmentEffect(tokens: readonly Token[]): SessionEffect {
  const scope = SCOPES.has(wordOf(tokens[0])) && tokens[1]?.text !== '=' ? wordOf(tokens[0]) : ''
  const [target, equals, ...rest] = scope === '' ? tokens : tokens.slice(1)
  const isAssignment = equals?.text === '=' || equals?.text === ':='
  const [value, other] = rest
  if (target === undefined || !isAssignment || value === undefined) {
    throw new Unresolved('SET has a form that the gate does not know')
  }
  const name = nameOf(target)
  if (name === 'password') throw new Unresolved('SET PASSWORD is not told by its words')
  checkConstant(rest)
  const isConstant = other === undefined && ['word', 'string', 'number'].includes(value.kind)
  if (isConstant) checkValue(name, value.value)
  else if (CONSTANT_ALONE.test(name))
    throw new Unresolved(`\`${name}\` is set to what is worked out as it runs`)
  return {
    kind: 'set',
    name: scoped(name, scope, target),
    values: isConstant ? [value.value] : [],
    local: false,
  }
}

/** What is not read back from the server: only by its value is it known whether it changes what statements mean. */
const CONSTANT_ALONE = /^(?:default_storage_engine|default_tmp_storage_engine|storage_engine)$/

/** Engines of tables that read more than they were given. */
const ENGINES: ReadonlySet<string> = new Set(['innodb', 'myisam', 'aria', 'memory', 'archive', 'default'])

function checkValue(name: string, value: string): void {
  const lower = value.toLowerCase()
  if (/^character_set_(?:client|connection|database|server)$/.test(name) && !CHARSETS.has(lower))
    throw new Unresolved(`the gate does not read texts of the charset \`${value}\``)
  // What results are in, names of columns are: in these they are read.
  if (name === 'character_set_results' && !CHARSETS.has(lower) && lower !== 'null')
    throw new Unresolved(`the gate does not read results in the charset \`${value}\``)
  if (CONSTANT_ALONE.test(name) && !ENGINES.has(lower))
    throw new Unresolved(`tables of the engine \`${value}\` may read others`)
  if (name === 'sql_mode' && /\b(?:oracle|mssql|db2|maxdb|postgresql)\b/i.test(value))
    throw new Unresolved(`the gate does not read texts under the sql_mode \`${value}\``)
}

/** Settings of the server as a whole are told from those of the session. */
function scoped(name: string, scope: string, { kind, value }: Token): string {
  const written =
    kind === 'system-variable' ? (/^(?:global|persist|persist_only)(?=\.)/i.exec(value)?.[0] ?? '') : ''
  const isWide = /^(?:global|persist|persist_only)$/i.test(scope === '' ? written : scope)
  return isWide ? `global.${name}` : name
}

function nameOf({ kind, value }: Token): string {
  if (kind === 'variable') return `@${value.toLowerCase()}`
  if (kind === 'system-variable')
    return value.toLowerCase().replace(/^(?:session|local|global|persist|persist_only)\./, '')
  if (kind === 'word' || kind === 'name') return value.toLowerCase()
  throw new Unresolved('SET names no variable')
}
