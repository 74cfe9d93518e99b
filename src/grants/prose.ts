/** Characters kept of a reason or a comment. */
export const PROSE_LENGTH = 500
/** Characters kept of the name that a person goes by. */
const NAME_LENGTH = 200

/**
 * What a person wrote, as it is kept and shown: one line, without characters that steer a terminal, hide, or
 * turn the direction of writing; cut where it is too long, and marked there. It is not refused: a denial must
 * not fail for the length of its reason. Undefined where nothing is left.
 */
export function prose(text: string | undefined): string | undefined {
  const line = oneLine(text ?? '', PROSE_LENGTH)
  return line === '' ? undefined : line
}

/** A person's name, in the same manner. */
export function shownName(name: string): string {
  return oneLine(name, NAME_LENGTH)
}

/** Cut twice: so that what is long costs nothing, and by whole characters. */
function oneLine(text: string, most: number): string {
  const start = text.slice(0, most * 4)
  const characters = Array.from(start.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim())
  if (characters.length <= most && start.length === text.length) return characters.join('')
  return `${characters
    .slice(0, most - 1)
    .join('')
    .trimEnd()}…`
}
