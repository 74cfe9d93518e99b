import { lex } from '../../interpret/sql/mysql/lex/lexer.ts'
import { constantsIn } from '../../interpret/sql/postgres/parse/normalize.ts'
import { KeptResult } from './kept-result.ts'
import type { SqlQuestion, SqlRecorder } from './ports.ts'

/** Constants and parameters that are told from results; a text with more has no results kept. */
const MAX_VALUES = 200

/**
 * What is to be kept of the results of a question. Where its constants and parameters may be secret, results that repeat
 * them (`SELECT $1`, RETURNING) must not tell them either.
 */
export function keptResultOf(question: SqlQuestion, recorder: Pick<SqlRecorder, 'resultBytes'>): KeptResult {
  const bytes = recorder.resultBytes(question)
  if (bytes === 0 || !question.isSecret) return new KeptResult(bytes)
  if (question.text.tags.some(tag => NAMED.has(tag))) return closed(bytes, 'what was said when it was named')
  const own = [...constantsOf(question), ...question.text.parameters.flatMap(forms)]
  return own.length > MAX_VALUES ? closed(bytes, 'so many constants') : new KeptResult(bytes, own)
}

/** Statements that give what an earlier text has named: its constants are not in theirs. */
const NAMED: ReadonlySet<string> = new Set(['EXECUTE', 'FETCH'])

function closed(bytes: number, what: string): KeptResult {
  const kept = new KeptResult(bytes)
  kept.close(`the result is not kept: it might repeat ${what}`)
  return kept
}

function constantsOf({ engine, text: { sql } }: SqlQuestion): readonly string[] {
  if (engine === 'postgres') return constantsIn(sql, MAX_VALUES + 1)
  // Quotes are read by the rules that hold where nobody has set others: names in quotes are told too many then.
  const lexed = lex(sql, { mariadb: true, ansiQuotes: false, noBackslashEscapes: false })
  if (lexed.kind === 'refused') return []
  return lexed.tokens
    .filter(({ kind }) => kind === 'string' || kind === 'number' || kind === 'bytes')
    .slice(0, MAX_VALUES + 1)
    .flatMap(({ kind, text, value }) => (kind === 'bytes' ? [text, ...bytesOf(value)] : [value]))
}

/** `0x61`, or the digits of `x'61'`, as a result may have it. */
function bytesOf(digits: string): readonly string[] {
  const hex = digits.replace(/^0x/i, '')
  if (!/^[0-9a-f]{2,}$/i.test(hex)) return []
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return [bytes.toString('utf8'), bytes.toString('base64')]
}

/** A parameter as a result may have it: bytes may be text there. */
function forms(value: SqlQuestion['text']['parameters'][number]): readonly string[] {
  if (value === null) return []
  return typeof value === 'string' ? [value] : [value.toString('base64'), value.toString('utf8')]
}
