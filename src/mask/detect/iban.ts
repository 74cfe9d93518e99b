import { ALNUM, beginsWord, byteAt, DIGIT, endsWord, isAt, textAt, type Window } from './bytes.ts'
import type { Detector, Found, Trigger } from './detector.ts'

/**
 * International bank account numbers (ISO 13616): country, length, and the check by 97; in one piece or in
 * groups with a space, a dash, `+` or `%20` between. In lower case only without such groups.
 */

/** The length by country, of the registry of SWIFT (release 98). */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 ' +
    'KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 ' +
    'PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 ' +
    'VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map(entry => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const triggers: readonly Trigger[] = [...LENGTHS.keys()].flatMap((code): Trigger[] => {
  const [a, b] = [code.charAt(0), code.charAt(1)]
  return [
    [a, b, '0123456789'],
    [a.toLowerCase(), b.toLowerCase(), '0123456789'],
  ]
})

export const iban: Detector = { name: 'iban', anchors: [{ triggers, look }] }

function look(window: Window, at: number, found: Found): void {
  if (!isAt(window, at + 3, DIGIT) || !beginsWord(window, at)) return
  const country = String.fromCharCode(byteAt(window, at), byteAt(window, at + 1))
  const length = LENGTHS.get(country.toUpperCase())
  if (length === undefined) return
  const grouped = country === country.toUpperCase()
  let text = ''
  let end = at
  while (text.length < length) {
    const byte = byteAt(window, end)
    if (ALNUM[byte] === 1) {
      text += String.fromCharCode(byte)
      end++
      continue
    }
    const separator = grouped && text.length >= 4 ? separatorAt(window, end) : 0
    if (separator === 0) return
    end += separator
  }
  if (endsWord(window, end) && checked(text.toUpperCase())) found(at, end)
}

/** How many bytes the separator takes, if a letter or digit follows; else 0. */
function separatorAt(window: Window, at: number): number {
  const byte = byteAt(window, at)
  if ((byte === 0x20 || byte === 0x2d || byte === 0x2b) && isAt(window, at + 1, ALNUM)) return 1
  if (byte === 0xc2 && byteAt(window, at + 1) === 0xa0 && isAt(window, at + 2, ALNUM)) return 2
  return textAt(window, at, '%20') && isAt(window, at + 3, ALNUM) ? 3 : 0
}

/** The number, its first four characters moved to the end and letters counted from 10, is 1 modulo 97. */
export function checked(text: string): boolean {
  let rest = 0
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
