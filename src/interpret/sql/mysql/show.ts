import type { Kind } from './kind.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'
import { HOLDS_QUERY, matched } from './words.ts'

/**
 * What SHOW shows of names and settings, by the words behind it; others tell of other sessions and of logs, and in MariaDB GRANTS
 * of the digest of the password that the gate itself has.
 */
const SHOWS: readonly string[] = [
  ...[
    '?EXTENDED ?FULL TABLES',
    '?EXTENDED ?FULL COLUMNS',
    '?EXTENDED ?FULL FIELDS',
    'TABLE STATUS',
    'OPEN TABLES',
  ],
  ...['DATABASES', 'SCHEMAS', '?EXTENDED INDEX', '?EXTENDED INDEXES', '?EXTENDED KEYS', 'TRIGGERS', 'EVENTS'],
  ...['?GLOBAL ?SESSION ?LOCAL VARIABLES', '?GLOBAL ?SESSION ?LOCAL STATUS', 'COLLATION', 'CHARACTER SET'],
  ...['CHARSET', '?STORAGE ENGINES', 'PLUGINS', 'PRIVILEGES', 'PROCEDURE STATUS', 'FUNCTION STATUS'],
  ...[
    'CREATE TABLE',
    'CREATE VIEW',
    'CREATE DATABASE',
    'CREATE SCHEMA',
    'CREATE PROCEDURE',
    'CREATE FUNCTION',
  ],
  ...['CREATE TRIGGER', 'CREATE EVENT', 'CREATE SEQUENCE', 'COUNT', 'PACKAGE STATUS'],
]
/** They quote the values of the statement before. */
const TELLING: readonly string[] = ['WARNINGS', 'ERRORS']

export function shown(tokens: readonly Token[]): Kind {
  if (tokens.some(token => HOLDS_QUERY.has(wordOf(token)))) return { kind: 'unknown' }
  const rest = tokens.slice(1)
  for (const [patterns, isTelling] of [
    [SHOWS, false],
    [TELLING, true],
  ] as const) {
    const found = patterns.find(pattern => matched(pattern, rest) !== undefined)
    if (found !== undefined) return { kind: 'show', tag: 'SHOW', isTelling }
  }
  return { kind: 'unknown' }
}

/** `DESC t`, `DESC d.t 'pattern'`: the columns of a table. */
export function described(tokens: readonly Token[]): Kind {
  const [, name, dot] = tokens
  const isNamed = (name?.kind === 'word' || name?.kind === 'name') && wordOf(name) !== 'FOR'
  const most = dot?.text === '.' ? 5 : 3
  if (!isNamed || tokens.length > most) return { kind: 'unknown' }
  return { kind: 'show', tag: 'DESCRIBE', isTelling: false }
}
