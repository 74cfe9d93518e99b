/** A number without its fraction, thousands apart. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** A table of Markdown; nothing where it has no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
