/**
 * The parser's thread: sqlparser-rs in WebAssembly. Whatever it throws that is no error of its grammar ends the thread:
 * after a trap each further text fails, and a damaged parser may misread.
 */
import { parentPort } from 'node:worker_threads'
import { init, Parser } from '@guanmingchiu/sqlparser-ts'
import type { ParseAnswer, ParserReady, ParseTask } from '../../parse/threads.ts'
import type { Read } from './parser.ts'

/** How every error of the grammar begins; a trap's text does not. */
const GRAMMAR = 'sql parser error: '

function read(sql: string): Read {
  try {
    const statements: readonly unknown[] = Parser.parse(sql, 'mysql')
    const [tree] = statements
    if (statements.length === 1) return { kind: 'tree', tree }
    return { kind: 'syntax-error', message: 'the text is not one statement' }
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith(GRAMMAR)) throw error
    return { kind: 'syntax-error', message: error.message.slice(GRAMMAR.length) }
  }
}

/** JSON leaves out what is undefined, with its name: `{Char: undefined}` would be nothing at all. */
function absentAsNull(_name: string, value: unknown): unknown {
  return value ?? null
}

await init()
parentPort?.on('message', ({ number, sql }: ParseTask) => {
  const answer: ParseAnswer = { number, json: JSON.stringify(read(sql), absentAsNull) }
  parentPort?.postMessage(answer)
})
const ready: ParserReady = { ready: true }
parentPort?.postMessage(ready)
