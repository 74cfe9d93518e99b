/** The value below which this share of all lies: 0.5 is the median. Throws where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  if (found === undefined) throw new Error('a median of nothing')
  return found
}

/** The median of what is known of each; undefined where nothing is. */
export function medianOf<T>(rows: readonly T[], value: (row: T) => number | undefined): number | undefined {
  const known = rows.map(value).filter(each => each !== undefined)
  return known.length === 0 ? undefined : quantile(known, 0.5)
}
