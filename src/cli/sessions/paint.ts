/** Puts text into a colour for a terminal; gives it back as it is where there is none. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
}

/** SGR codes of ECMA-48: what turns an attribute on, and what turns it off again. */
const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`

const PLAIN = (text: string): string => text

/** Colours, or none: `NO_COLOR` (https://no-color.org) and pipes get plain text. */
export function paint(colored: boolean): Paint {
  if (!colored) return { bold: PLAIN, dim: PLAIN, good: PLAIN, bad: PLAIN, warn: PLAIN }
  return { bold: sgr(1, 22), dim: sgr(2, 22), good: sgr(32, 39), bad: sgr(31, 39), warn: sgr(33, 39) }
}
