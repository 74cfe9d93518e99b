import type { Pattern, Wildcard } from './query.ts'

/** The pattern of a text in which `*` and `?` stand for other characters, and everything else for itself. */
export function globPattern(text: string): Pattern {
  const parts = text.split(/([*?])/).filter(part => part !== '')
  return {
    parts: parts.map(part => {
      if (part === '*') return { wildcard: 'any' }
      return part === '?' ? { wildcard: 'one' } : part
    }),
  }
}

/** Texts that stand side by side; null is any one character. */
type Chunk = readonly (string | null)[]

/** Answers whether a pattern fits a whole text, or for `anywhere` a part of it. Never backtracks over `*`. */
export function patternMatcher(pattern: Pattern, anywhere = false): (text: string) => boolean {
  const [only] = pattern.parts
  if (pattern.parts.length === 0) return anywhere ? () => true : text => text === ''
  if (pattern.parts.length === 1 && typeof only === 'string') {
    return anywhere ? text => text.includes(only) : text => text === only
  }
  const any: Wildcard = { wildcard: 'any' }
  const chunks = chunksOf(anywhere ? [any, ...pattern.parts, any] : pattern.parts)
  return text => fits(chunks, text)
}

/** What stands between the `*`; one more than there are `*`. */
function chunksOf(parts: Pattern['parts']): readonly Chunk[] {
  const chunks: (string | null)[][] = [[]]
  for (const part of parts) {
    if (typeof part !== 'string' && part.wildcard === 'any') chunks.push([])
    else chunks.at(-1)?.push(typeof part === 'string' ? part : null)
  }
  return chunks
}

function fits(chunks: readonly Chunk[], text: string): boolean {
  const [first = [], ...others] = chunks
  let at = endOf(first, text, 0)
  if (at === undefined) return false
  const last = others.pop()
  if (last === undefined) return at === text.length
  for (const chunk of others) {
    at = find(chunk, text, at)
    if (at === undefined) return false
  }
  return endsWith(last, text, at)
}

/** Where the chunk ends if it stands at `at`. */
function endOf(chunk: Chunk, text: string, at: number): number | undefined {
  let end = at
  for (const piece of chunk) {
    if (piece === null) {
      if (end >= text.length) return undefined
      end += isPair(text, end) ? 2 : 1
    } else {
      if (!text.startsWith(piece, end)) return undefined
      end += piece.length
    }
  }
  return end
}

/** Where the chunk ends at the first place from `from` on at which it stands. */
function find(chunk: Chunk, text: string, from: number): number | undefined {
  const [first] = chunk
  if (first === undefined) return from
  for (let at = from; at <= text.length; at++) {
    if (first !== null) at = text.indexOf(first, at)
    if (at < 0) return undefined
    const end = endOf(chunk, text, at)
    if (end !== undefined) return end
  }
  return undefined
}

/** Whether the text ends with the chunk, which begins at `from` or later. */
function endsWith(chunk: Chunk, text: string, from: number): boolean {
  let at = text.length
  for (const piece of chunk.toReversed()) {
    if (piece === null) {
      at -= at >= 2 && isPair(text, at - 2) ? 2 : 1
    } else {
      if (!text.endsWith(piece, Math.max(at, 0))) return false
      at -= piece.length
    }
  }
  return at >= from
}

/** Whether a character of two UTF-16 units stands at `at`. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff
}

/**
 * The longest text that everything that fits has in it, as it stands in JSON; empty if nothing can be
 * said.
 */
export function needleOf(pattern: Pattern): string {
  let longest = ''
  for (const part of pattern.parts) {
    // Half of a surrogate pair is written in another way than the pair is.
    if (typeof part !== 'string' || !part.isWellFormed()) continue
    const written = JSON.stringify(part).slice(1, -1)
    if (written.length > longest.length) longest = written
  }
  return longest
}
