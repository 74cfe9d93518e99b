/**
 * Finds member names that stand twice in one object of a JSON text. `JSON.parse` keeps the last of them,
 * other parsers the first: a token that two parties read in two ways proves nothing. Names that differ
 * only in case count as the same, because IAM compares the names of condition keys so.
 *
 * Works on text that `JSON.parse` has accepted, in one pass, with a bound on depth.
 */

const MAX_DEPTH = 16

/** The first name that stands twice; undefined where none does. `null`: nested deeper than 16 levels. */
export function findDuplicateName(text: string): string | null | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      if (open.length >= MAX_DEPTH) return null
      open.push(character === '{' ? new Set() : undefined)
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names !== undefined && isFollowedByColon(text, end)) {
        const name = String(JSON.parse(text.slice(at, end)))
        const folded = name.toLowerCase()
        if (names.has(folded)) return name
        names.add(folded)
      }
      at = end - 1
    }
  }
  return undefined
}

/** Index after the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return text[at] === ':'
}
