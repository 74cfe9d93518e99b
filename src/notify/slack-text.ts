/**
 * Text of others inside a Slack message. Whatever a requester wrote must not become a link, a mention or a
 * format, and must not look like something else: https://docs.slack.dev/messaging/formatting-message-text/
 */

/** What a reader does not see or is misled by: Unicode's `C` (control, format, half a pair, unassigned), line ends. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu
const REPLACEMENT = '\ufffd'

/** What Slack's markup takes for its own, written so that it is text; the ampersand first. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** One line in which every character is seen. */
export function oneLine(text: string): string {
  return text.replace(UNSEEN, REPLACEMENT)
}

/**
 * The text as `render` writes it, which makes it longer for some characters: at most `longest` UTF-16 units, cut
 * between characters, with an ellipsis where something is missing.
 */
export function cut(text: string, longest: number, render: (text: string) => string = same): string {
  const whole = render(text)
  if (whole.length <= longest) return whole
  const characters = [...text.slice(0, longest)]
  let fits = 0
  for (let step = 1 << 12; step >= 1; step >>= 1) {
    const more = characters.slice(0, fits + step).join('')
    if (fits + step <= characters.length && render(`${more}…`).length <= longest) fits += step
  }
  return render(`${characters.slice(0, fits).join('')}…`)
}

const same = (text: string): string => text

/** Inline code: nothing in it is parsed, and a backtick, which would end it, is another character. */
export function code(text: string, longest = 300): string {
  return cut(text, longest, part => `\`${escaped(oneLine(part)).replaceAll('`', 'ˋ') || ' '}\``)
}

/** A block of code, in which single backticks stay what they are. */
export function codeBlock(text: string): string {
  // A space without width between backticks: three in a row would end the block.
  return `\`\`\`${escaped(oneLine(text)).replaceAll('`', '`\u200b')}\`\`\``
}
