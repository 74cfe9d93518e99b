import { MAX_WORDS, type NormalForm, type NormalToken, normalForm } from '../normal-form.ts'
import { lex } from './lex/lexer.ts'
import type { Dialect, Token } from './lex/token.ts'

/** The normal form of a text; undefined where nothing can be said of it. */
export function normalFormOf(sql: string, dialect: Dialect): NormalForm | undefined {
  const lexed = lex(sql, dialect)
  return lexed.kind === 'tokens' ? normalize(lexed.tokens.slice(0, MAX_WORDS + 1)) : undefined
}

/** The normal form of a text by its words. Comments are none of them. */
export function normalize(tokens: readonly Token[]): NormalForm {
  return normalForm(tokens.flatMap(tokenOf))
}

/** Words that are written in lower case whatever their case was; names of tables may differ by it. */
const LOWERED: ReadonlySet<string> = new Set(
  (
    'ADD ALL ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CALL CASE CHARSET COLLATE COLUMN COMMIT CREATE CROSS DATABASE ' +
    'DEFAULT DELETE DESC DESCRIBE DISTINCT DIV DROP DUPLICATE ELSE END EXCEPT EXECUTE EXISTS EXPLAIN FOR FOREIGN FROM ' +
    'FULL GLOBAL GRANT GROUP HAVING IF IGNORE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS JOIN KEY KEYS LEFT LIKE ' +
    'LIMIT LOCK MOD NAMES NATURAL NOT NULL OFFSET ON OR ORDER OUTER PARTITION PREPARE PRIMARY PROCEDURE REFERENCES ' +
    'REGEXP RENAME REPLACE REVOKE RIGHT RLIKE ROLLBACK SELECT SESSION SET SHARE SHOW START STRAIGHT_JOIN TABLE TABLES ' +
    'THEN TO TRANSACTION TRUNCATE UNION UNIQUE UNLOCK UPDATE USE USING VALUE VALUES WHEN WHERE WITH WORK XOR'
  ).split(' '),
)

function tokenOf({ kind, text }: Token): readonly NormalToken[] {
  switch (kind) {
    case 'word':
      return [{ kind, text: LOWERED.has(text.toUpperCase()) ? text.toLowerCase() : text }]
    case 'name':
      return [{ kind, text }]
    case 'parameter':
      return [{ kind, text }]
    case 'operator':
      return [{ kind, text }]
    case 'end':
      return [{ kind: 'operator', text: ';' }]
    case 'string':
    case 'number':
    case 'bytes':
      return [{ kind: 'constant' }]
    case 'variable':
    case 'system-variable':
      // In quotes it is the host of an account, or whatever else somebody has written there.
      return /['"]/.test(text)
        ? [{ kind: 'operator', text: '@' }, { kind: 'constant' }]
        : [{ kind: 'name', text }]
  }
}
