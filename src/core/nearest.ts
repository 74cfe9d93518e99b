/** Candidates that are looked at; the longest list there is (the actions of EC2) has under 1,000. */
const MAX_CANDIDATES = 30_000

/**
 * The candidate that the text was probably meant to be: the one with the fewest edits, without case,
 * if these are no more than a third of its length. Undefined where none is near.
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const wanted = text.toLowerCase().slice(0, 100)
  let best: string | undefined
  let bestEdits = Math.max(1, Math.floor(wanted.length / 3)) + 1
  let left = MAX_CANDIDATES
  for (const candidate of candidates) {
    if (left-- <= 0) break
    if (Math.abs(candidate.length - wanted.length) >= bestEdits) continue
    const edits = distance(wanted, candidate.toLowerCase())
    if (edits < bestEdits) {
      best = candidate
      bestEdits = edits
    }
  }
  return best
}

/** Levenshtein's distance, by one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
