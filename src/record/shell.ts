/** Needs no quotes in any shell, in any place of a command line but the first. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/
/**
 * What a terminal acts upon or hides: control characters, marks that turn the direction of text, spaces
 * without width, line separators, halves of a surrogate pair.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/u
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu')

/** One word of a POSIX shell, so that pasting it gives exactly `value` and nothing else happens. */
export function shellWord(value: string): string {
  if (PLAIN.test(value)) return value
  if (!UNSAFE.test(value)) return `'${value.replaceAll("'", "'\\''")}'`
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replace(UNSAFE_ALL, writtenOut)
  return `$'${escaped}'`
}

/** Text from a recording as a terminal may show it: what would move the cursor or hide is written out. */
export function printable(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, writtenOut) : text
}

/** Of fixed length, so that what follows cannot become part of it. */
function writtenOut(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}
