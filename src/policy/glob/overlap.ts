import { COLON, isStar, type Pattern, takes } from './pattern.ts'

/** A character that stands in neither pattern, for all of those at once; beyond Unicode. */
const OTHER = 0x110000

/**
 * Whether some text matches both patterns. Exact; walks the pairs of positions in the two patterns,
 * so at most (length + 1) x (length + 1) steps.
 */
export function overlaps(a: Pattern, b: Pattern): boolean {
  if (headsDiffer(a, b)) return false
  const width = b.length + 1
  const seen = new Uint8Array((a.length + 1) * width)
  const open: number[] = [0]
  const visit = (i: number, j: number): void => {
    const at = i * width + j
    if (i <= a.length && j <= b.length && seen[at] === 0) {
      seen[at] = 1
      open.push(at)
    }
  }
  seen[0] = 1
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const i = Math.floor(at / width)
    const j = at % width
    if (i === a.length && j === b.length) return true
    const left = a[i]
    const right = b[j]
    if (left !== undefined && isStar(left)) visit(i + 1, j)
    if (right !== undefined && isStar(right)) visit(i, j + 1)
    if (left !== undefined && right !== undefined && shareACharacter(left, right)) {
      visit(isStar(left) ? i : i + 1, isStar(right) ? j : j + 1)
    }
  }
  return false
}

/** Two tokens can take the same character: a literal decides, else one that is no colon always does. */
function shareACharacter(left: number, right: number): boolean {
  if (left >= 0) return takes(right, left)
  if (right >= 0) return takes(left, right)
  return takes(left, OTHER) && takes(right, OTHER)
}

/** The common case, at once: the literal characters before the first wildcard differ. */
function headsDiffer(a: Pattern, b: Pattern): boolean {
  for (let i = 0; ; i++) {
    const left = a[i]
    const right = b[i]
    if (left === undefined || right === undefined || left < 0 || right < 0) return false
    if (left !== right) return true
  }
}

/** The characters that can tell two patterns apart: those of `a` and `b`, the colon, and one other. */
export function alphabet(a: Pattern, b: Pattern): readonly number[] {
  const letters = new Set<number>([COLON, OTHER])
  for (const token of a) if (token >= 0) letters.add(token)
  for (const token of b) if (token >= 0) letters.add(token)
  return [...letters]
}
