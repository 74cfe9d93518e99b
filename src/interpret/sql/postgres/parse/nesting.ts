/**
 * How deep a text of SQL can be, at most, before anything parses it: PostgreSQL's grammar recurses for each operator of
 * a chain and each bracket, and WebAssembly has no way back from a stack that ran over.
 *
 * The estimate counts tokens that are not separated by a comma or a semicolon, and adds those of the brackets around
 * them. It is never less than the depth of the tree; long lists (the rows of an INSERT) count as one of their
 * elements. Only the depth hangs on it, never what a statement means: quotes are read by the default rules, and a text that
 * is read wrongly here costs a thread, which is replaced.
 */
export function nestingOf(sql: string): number {
  const outer: number[] = []
  let below = 0
  let here = 0
  let deepest = 0
  let at = 0
  while (at < sql.length) {
    const code = sql.charCodeAt(at)
    if (isSpace(code)) {
      at += 1
      continue
    }
    const end = tokenEnd(sql, at, code)
    if (code === OPEN || code === BRACKET) {
      outer.push(here)
      below += here + 1
      here = 0
    } else if (code === CLOSE || code === UNBRACKET) {
      const before = outer.pop() ?? 0
      below = Math.max(0, below - before - 1)
      here = before + 1
    } else if (code === COMMA || code === SEMICOLON) here = 0
    else here += 1
    deepest = Math.max(deepest, below + here)
    at = end
  }
  return deepest
}

const OPEN = 0x28
const CLOSE = 0x29
const BRACKET = 0x5b
const UNBRACKET = 0x5d
const COMMA = 0x2c
const SEMICOLON = 0x3b
const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const DOLLAR = 0x24
const DASH = 0x2d
const SLASH = 0x2f
const STAR = 0x2a
const BACKSLASH = 0x5c

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isWord(code: number): boolean {
  const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
  return letter || (code >= 0x30 && code <= 0x39) || code === 0x5f || code >= 0x80
}

/** Where the token at `at` ends; always behind `at`. */
function tokenEnd(sql: string, at: number, code: number): number {
  if (code === QUOTE || code === DOUBLE_QUOTE) return quotedEnd(sql, at + 1, code, false)
  if (code === DOLLAR) return dollarEnd(sql, at)
  if (code === DASH && sql.charCodeAt(at + 1) === DASH) return orEnd(sql, sql.indexOf('\n', at))
  if (code === SLASH && sql.charCodeAt(at + 1) === STAR) return commentEnd(sql, at + 2)
  if (!isWord(code)) return at + 1
  let end = at + 1
  while (end < sql.length && (isWord(sql.charCodeAt(end)) || sql.charCodeAt(end) === DOLLAR)) end += 1
  const escapes = end === at + 1 && (code | 0x20) === 0x65 && sql.charCodeAt(end) === QUOTE
  return escapes ? quotedEnd(sql, end + 1, QUOTE, true) : end
}

/** A doubled quote reads as two texts side by side, which counts one token more and ends at the same place. */
function quotedEnd(sql: string, from: number, quote: number, escapes: boolean): number {
  for (let at = from; at < sql.length; at++) {
    const code = sql.charCodeAt(at)
    if (escapes && code === BACKSLASH) at += 1
    else if (code === quote) return at + 1
  }
  return sql.length
}

function dollarEnd(sql: string, at: number): number {
  let end = at + 1
  while (end < sql.length && isWord(sql.charCodeAt(end))) end += 1
  // `$1` is a parameter.
  if (sql.charCodeAt(end) !== DOLLAR) return end
  const tag = sql.slice(at, end + 1)
  const close = sql.indexOf(tag, end + 1)
  return close === -1 ? sql.length : close + tag.length
}

/** PostgreSQL's comments nest. */
function commentEnd(sql: string, from: number): number {
  let depth = 1
  for (let at = from; at < sql.length - 1; at++) {
    const two = sql.charCodeAt(at) * 0x100 + sql.charCodeAt(at + 1)
    if (two !== STAR * 0x100 + SLASH && two !== SLASH * 0x100 + STAR) continue
    depth += two === SLASH * 0x100 + STAR ? 1 : -1
    at += 1
    if (depth === 0) return at + 1
  }
  return sql.length
}

function orEnd(sql: string, found: number): number {
  return found === -1 ? sql.length : found + 1
}
