/** UTF-8 bytes of one text that may hold several statements. */
export const MAX_SQL_BYTES: number = 4 * 1024 * 1024
/** Statements in one text. */
export const MAX_STATEMENTS = 10_000
/**
 * How deep a text may be by the estimate of `nesting.ts`. PostgreSQL's grammar recurses once for each operator of
 * a chain; compiled to WebAssembly it took 50,000 in a thread with this stack, and died for good at 500,000.
 */
export const MAX_NESTING = 40_000
export const STACK_MIB = 64
/** How deep a tree may be, in nodes: what walks it recurses. */
export const MAX_TREE_DEPTH = 2_000
/**
 * Trees that are remembered by their texts, in bytes: so many for each character of a text, and for a text at all. Statements
 * as people write them take about a third of that; a list of numbers nearly all.
 */
export const REMEMBERED_BYTES: number = 64 * 1024 * 1024
export const TREE_BYTES_PER_CHARACTER = 128
export const TREE_BYTES = 2_048
/** Longest time for one text; the thread is replaced after it. */
export const PARSE_MS = 2_000
/** Texts that wait for the parser at once, and their bytes. */
export const MAX_WAITING = 10_000
export const MAX_WAITING_BYTES: number = 64 * 1024 * 1024
