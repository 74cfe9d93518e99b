/**
 * The parser's thread: PostgreSQL's grammar in WebAssembly, with a stack of its own. Whatever it throws that is no
 * syntax error ends the thread: the instance may be damaged, and a damaged parser may misread.
 */
import { parentPort } from 'node:worker_threads'
import type { Node } from 'libpg-query'
import { loadModule, parseSync, SqlError } from 'libpg-query'
import type { ParseAnswer, ParserReady, ParseTask } from '../../parse/threads.ts'
import { MAX_STATEMENTS, MAX_TREE_DEPTH } from './limits.ts'
import type { Parsed, ParsedStatement } from './messages.ts'
import { normalize } from './normalize.ts'

function parse(sql: string): Parsed {
  let statements: ReturnType<typeof parseSync>['stmts']
  try {
    statements = parseSync(sql).stmts ?? []
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    const position = error.sqlDetails?.cursorPosition ?? 0
    return { kind: 'syntax-error', message: error.message, position, normalized: normalize(sql) }
  }
  if (statements.length > MAX_STATEMENTS) {
    return { kind: 'too-complex', reason: `the text has more than ${MAX_STATEMENTS} statements` }
  }
  const bytes = Buffer.from(sql)
  const parsed: ParsedStatement[] = []
  for (const { stmt, stmt_location: start = 0, stmt_len: length } of statements) {
    if (stmt === undefined) continue
    if (isDeeper(stmt, MAX_TREE_DEPTH)) {
      return { kind: 'too-complex', reason: `the statement is nested deeper than ${MAX_TREE_DEPTH} levels` }
    }
    // Places are in bytes; a length of 0 means to the end.
    const text = bytes.toString('utf8', start, length ? start + length : undefined).trim()
    parsed.push({ text, tree: stmt })
  }
  return { kind: 'statements', statements: parsed, normalized: normalize(sql) }
}

/** Without recursion: it is what keeps others from it. Counts nodes, each of which is an object in an object. */
function isDeeper(tree: Node, most: number): boolean {
  const open: [unknown, number][] = [[tree, 1]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next
    if (depth > 2 * most) return true
    if (typeof value !== 'object' || value === null) continue
    const deeper = Array.isArray(value) ? depth : depth + 1
    for (const each of Object.values(value)) if (typeof each === 'object') open.push([each, deeper])
  }
  return false
}

await loadModule()
parentPort?.on('message', ({ number, sql }: ParseTask) => {
  const answer: ParseAnswer = { number, json: JSON.stringify(parse(sql)) }
  parentPort?.postMessage(answer)
})
const ready: ParserReady = { ready: true }
parentPort?.postMessage(ready)
