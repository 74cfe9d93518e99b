/** Letters of a name that are compared. */
const MAX_CHARACTERS = 64

/** The name that was probably meant: the one with the fewest edits, if these are at most a third of it. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase().slice(0, MAX_CHARACTERS)
  const ranked = names
    .map(candidate => ({ candidate, edits: edits(wanted, candidate) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  return best !== undefined && best.edits <= Math.max(1, wanted.length / 3) ? best.candidate : undefined
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
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
