import { type SessionEffect, Unresolved } from '../model.ts'
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
 * What SET changes, one effect for each variable; its values are constants. `character_set` stands for NAMES and CHARACTER SET.
 * Throws `Unresolved` for expressions, and for what makes servers read texts otherwise than the gate.
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

/** `[scope] name = constant`. */
function assignmentEffect(tokens: readonly Token[]): SessionEffect {
  const isScoped = SCOPES.has(wordOf(tokens[0])) && tokens[1]?.text !== '='
  const [target, equals, value, other] = isScoped ? tokens.slice(1) : tokens
  const isAssignment = equals?.text === '=' || equals?.text === ':='
  if (target === undefined || !isAssignment || value === undefined || other !== undefined) {
    throw new Unresolved('SET has a form that the gate does not know')
  }
  if (!['word', 'string', 'number'].includes(value.kind))
    throw new Unresolved('SET has a value that is no constant')
  const name = nameOf(target)
  if (name.startsWith('character_set_') && !CHARSETS.has(value.value.toLowerCase())) {
    throw new Unresolved(`the gate does not read texts of the charset \`${value.value}\``)
  }
  return { kind: 'set', name, values: [value.value], local: false }
}

function nameOf({ kind, value }: Token): string {
  if (kind === 'variable') return `@${value.toLowerCase()}`
  if (kind === 'system-variable')
    return value.toLowerCase().replace(/^(?:session|local|global|persist|persist_only)\./, '')
  if (kind === 'word' || kind === 'name') return value.toLowerCase()
  throw new Unresolved('SET names no variable')
}
