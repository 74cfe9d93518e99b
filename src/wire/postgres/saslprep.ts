/**
 * Prepares a password as PostgreSQL does before it is hashed.
 * https://www.rfc-editor.org/rfc/rfc4013 (SASLprep), https://www.rfc-editor.org/rfc/rfc3454 (its tables)
 *
 * Differs from the RFC in one thing: what Unicode 3.2 did not have yet is known here. PostgreSQL takes a password with
 * such a character, or a prohibited one, as it is; so does this, but that it normalises the former.
 */

/** Ranges of code points, in hexadecimal. */
type Ranges = readonly (readonly [from: number, to: number])[]

/** Table B.1: mapped to nothing. */
const NOTHING = ranges('ad 34f 1806 180b-180d 200b-200d 2060 fe00-fe0f feff')
/** Table C.1.2: spaces that are not ASCII's. */
const SPACES = ranges('a0 1680 2000-200b 202f 205f 3000')
/** Tables C.2 to C.9, but for private use and non-characters: controls, and what changes how text is shown. */
const PROHIBITED = ranges(
  '0-1f 7f-9f 340-341 6dd 70f 180e 200c-200f 2028-202e 2060-2063 206a-206f 2ff0-2ffb d800-dfff fdd0-fdef feff ' +
    'fff9-fffd 1d173-1d17a e0001 e0020-e007f e000-f8ff f0000-10ffff',
)
/** Table D.1: written from right to left. */
const RIGHT_TO_LEFT = ranges(
  '5be 5c0 5c3 5d0-5ea 5f0-5f4 61b 61f 621-63a 640-64a 66d-66f 671-6d5 6dd 6e5-6e6 6fa-6fe 700-70d 710 712-72c ' +
    '780-7a5 7b1 200f fb1d fb1f-fb28 fb2a-fb36 fb38-fb3c fb3e fb40-fb41 fb43-fb44 fb46-fbb1 fbd3-fd3d fd50-fd8f ' +
    'fd92-fdc7 fdf0-fdfc fe70-fe74 fe76-fefc',
)
const LETTER = /^\p{L}$/u
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/** The password as it is hashed; unchanged where SASLprep would refuse it. */
export function saslprep(password: string): string {
  if (PRINTABLE_ASCII.test(password)) return password
  const mapped = [...password]
    .map(one => (isIn(SPACES, one) ? ' ' : isIn(NOTHING, one) ? '' : one))
    .join('')
    .normalize('NFKC')
  const characters = [...mapped]
  const isRefused = characters.length === 0 || characters.some(isProhibited) || !isOneDirection(characters)
  return isRefused ? password : mapped
}

function isProhibited(character: string): boolean {
  // The last two code points of each plane are no characters.
  return isIn(PROHIBITED, character) || ((character.codePointAt(0) ?? 0) & 0xfffe) === 0xfffe
}

/** RFC 3454, section 6: text from right to left begins and ends so, and has no letter of the other direction. */
function isOneDirection(characters: readonly string[]): boolean {
  const turned = characters.map(one => isIn(RIGHT_TO_LEFT, one))
  if (!turned.includes(true)) return true
  if (turned[0] !== true || turned.at(-1) !== true) return false
  return characters.every((one, i) => turned[i] === true || !LETTER.test(one))
}

function isIn(table: Ranges, character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return table.some(([from, to]) => code >= from && code <= to)
}

function ranges(list: string): Ranges {
  return list.split(' ').map(range => {
    const [from = '', to = from] = range.split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const
  })
}
