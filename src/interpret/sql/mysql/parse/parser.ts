import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type After, ParserThreads } from '../../parse/threads.ts'

/** UTF-8 bytes of one statement. */
export const MAX_STATEMENT_BYTES: number = 1024 * 1024
const STACK_MIB = 16
/** Longest time for one statement; the thread is replaced after it. */
const PARSE_MS = 2_000
/** Statements that wait for the parser at once, and their length. */
const MAX_WAITING = 10_000
const MAX_WAITING_BYTES: number = 64 * 1024 * 1024

/** What a canonical text (`canonical.ts`) is to the grammar. */
export type Read =
  | { readonly kind: 'tree'; readonly tree: unknown }
  /** It does not take it, though a server may. */
  | { readonly kind: 'syntax-error'; readonly message: string }
  | { readonly kind: 'too-complex'; readonly reason: string }

/** A grammar of MySQL's queries and changes, for one process. */
export interface QueryParser {
  /** Rejects with `sql-parser-gone` where the parser died of it (it is replaced), and with `overloaded`. */
  parse(sql: string): Promise<Read>
  close(): Promise<void>
}

export interface QueryParserPorts {
  readonly after: After
  /** Starts a thread; another one in tests. */
  readonly thread?: () => Worker
}

export function openQueryParser({ after, thread = startThread }: QueryParserPorts): QueryParser {
  const limits = { parseMs: PARSE_MS, maxWaiting: MAX_WAITING, maxWaitingBytes: MAX_WAITING_BYTES }
  const threads = new ParserThreads<Read>({ after, thread }, limits)
  return {
    parse(sql) {
      if (Buffer.byteLength(sql) <= MAX_STATEMENT_BYTES) return threads.parse(sql)
      const reason = `the statement is longer than ${MAX_STATEMENT_BYTES} bytes`
      return Promise.resolve({ kind: 'too-complex', reason })
    },
    close: () => threads.close(),
  }
}

function startThread(): Worker {
  // The gate runs as TypeScript from a checkout and as JavaScript from a package.
  const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)
  return new Worker(entry, { resourceLimits: { stackSizeMb: STACK_MIB, maxOldGenerationSizeMb: 512 } })
}
