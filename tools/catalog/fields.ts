/**
 * Guards for the text formats of the catalog: a name that contains a separator would shift every field
 * after it, so the generator stops instead.
 */

/** A token between spaces. */
export function word(text: string): string {
  if (/[\s]/.test(text) || text === '') throw new Error(`\`${text}\` cannot be a word of the catalog`)
  return text
}

/** A field between tabs. */
export function field(text: string): string {
  if (/[\t\n\r]/.test(text)) throw new Error(`\`${text}\` cannot be a field of the catalog`)
  return text
}

/** A place in a list, in base 36. */
export function place(index: number, what: string): string {
  if (index < 0) throw new Error(`there is no ${what}`)
  return index.toString(36)
}

/** An item of a list with commas; it may have spaces. */
export function listed(text: string): string {
  if (text.includes(',') || text === '') throw new Error(`\`${text}\` cannot be in a list of the catalog`)
  return field(text)
}
