import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { TextCache } from '../../parse/text-cache.ts'
import { type After, ParserThreads } from '../../parse/threads.ts'
import {
  MAX_NESTING,
  MAX_SQL_BYTES,
  MAX_WAITING,
  MAX_WAITING_BYTES,
  PARSE_MS,
  REMEMBERED_BYTES,
  STACK_MIB,
  TREE_BYTES,
  TREE_BYTES_PER_CHARACTER,
} from './limits.ts'
import type { Parsed } from './messages.ts'
import { nestingOf } from './nesting.ts'

/** PostgreSQL's grammar, for one process. */
export interface SqlParser {
  /**
   * Parses a text, which may hold several statements; a text that was parsed before has the same tree, the same object. Rejects with `sql-parser-gone` where the parser died of it (it is
   * replaced, and what waited is parsed by the next), and with `overloaded`.
   */
  parse(sql: string): Promise<Parsed>
  close(): Promise<void>
}

export interface ParserPorts {
  readonly after: After
  /** Starts a thread; another one in tests. */
  readonly thread?: () => Worker
}

export function openParser({ after, thread = startThread }: ParserPorts): SqlParser {
  const limits = { parseMs: PARSE_MS, maxWaiting: MAX_WAITING, maxWaitingBytes: MAX_WAITING_BYTES }
  const threads = new ParserThreads<Parsed>({ after, thread }, limits)
  const remembered = new TextCache<Parsed>(REMEMBERED_BYTES)
  return {
    async parse(sql) {
      const known = remembered.get(sql)
      if (known !== undefined) return known
      const reason = whyNotParsed(sql)
      if (reason !== undefined) return { kind: 'too-complex', reason }
      const parsed = await threads.parse(sql)
      const bytes = TREE_BYTES + sql.length * TREE_BYTES_PER_CHARACTER
      if (parsed.kind === 'statements') remembered.set(sql, parsed, bytes)
      return parsed
    },
    close: () => threads.close(),
  }
}

function startThread(): Worker {
  // The gate runs as TypeScript from a checkout and as JavaScript from a package.
  const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)
  return new Worker(entry, { resourceLimits: { stackSizeMb: STACK_MIB, maxOldGenerationSizeMb: 512 } })
}

/** What is refused before the parser sees it. */
function whyNotParsed(sql: string): string | undefined {
  // The parser would stop there without a word, and the server would not be asked about the rest.
  if (sql.includes('\0')) return 'the text holds a NUL'
  if (sql.length > MAX_SQL_BYTES || Buffer.byteLength(sql) > MAX_SQL_BYTES) {
    return `the text is longer than ${MAX_SQL_BYTES} bytes`
  }
  if (!sql.isWellFormed()) return 'the text is not well-formed Unicode'
  if (sql.length > MAX_NESTING && nestingOf(sql) > MAX_NESTING) {
    return `the text is nested deeper than ${MAX_NESTING} terms`
  }
  return undefined
}
