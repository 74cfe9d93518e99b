/** A terminal that is narrower than this wraps better by itself. */
const NARROWEST = 50

/** Two columns: East Asian Width W and F of Unicode, by their large blocks, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** Stands over the character before it. */
const MARK = /\p{Mark}/u

/** Columns that printable text takes in a terminal; it has no escape sequences. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (character < '\u0300') width += 1
    else if (!MARK.test(character)) width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** Where text is put: columns of the terminal (none: as wide as it comes), and how far it stands in. */
export interface Room {
  readonly columns: number | undefined
  readonly indent: number
}

/** Text for people, broken at spaces. A word that is too long stays whole. */
export function wrapText(text: string, room: Room): string[] {
  return fill(text.split(' '), room, '')
}

/**
 * A command line, broken between its words with the backslash of the shell, so that it can be pasted
 * as it stands. What follows the first line stands in by two more.
 */
export function wrapCommand(text: string, room: Room): string[] {
  const [first = '', ...more] = fill(shellWords(text), room, ' \\')
  return [first, ...more.map(line => `  ${line}`)]
}

function fill(words: readonly string[], { columns, indent }: Room, ending: string): string[] {
  const room = (columns ?? 0) - indent - ending.length - 2
  if (columns === undefined || columns < NARROWEST || room < 1) return [words.join(' ')]
  const lines: string[] = []
  let line: string | undefined
  let width = 0
  for (const word of words) {
    const wordWidth = displayWidth(word)
    if (line === undefined) {
      line = word
      width = wordWidth
    } else if (width + 1 + wordWidth <= room) {
      line += ` ${word}`
      width += 1 + wordWidth
    } else {
      lines.push(`${line}${ending}`)
      line = word
      width = wordWidth
    }
  }
  return [...lines, line ?? '']
}

/** The words of a line that `commandLine` wrote: plain, `'…'`, or `$'…'`; spaces in quotes are no ends. */
function shellWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let quote: 'none' | 'plain' | 'escaping' = 'none'
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === ' ' && quote === 'none') {
      words.push(word)
      word = ''
      continue
    }
    word += character
    if (character === '\\' && quote !== 'plain') {
      at += 1
      word += text.charAt(at)
    } else if (character === "'") {
      if (quote === 'none') quote = text.charAt(at - 1) === '$' && word.length === 2 ? 'escaping' : 'plain'
      else quote = 'none'
    }
  }
  return [...words, word]
}
