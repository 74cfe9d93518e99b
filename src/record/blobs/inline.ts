import { isUtf8 } from 'node:buffer'
import type { RecordedBody } from '../event.ts'

/**
 * What of a body stands in its event: as text where it is UTF-8, else in base64. Text of which JSON would make more
 * than `jsonBytes` (a control character takes six) is base64, too: an event has a limit that it must fit into.
 *
 * @param bytes the body's beginning
 * @param isWhole whether that is all of it; else what is left of a character at the end goes
 */
export function inlineBody(
  bytes: Buffer,
  isWhole: boolean,
  jsonBytes: number,
): Pick<RecordedBody, 'text' | 'base64'> {
  const readable = isWhole ? bytes : bytes.subarray(0, wholeCharacters(bytes))
  if (isUtf8(readable)) {
    const text = readable.toString('utf8')
    if (Buffer.byteLength(JSON.stringify(text)) <= jsonBytes) return { text }
  }
  return { base64: bytes.toString('base64') }
}

/** How many bytes an inline body has. */
export function inlineLength({ text, base64 }: Pick<RecordedBody, 'text' | 'base64'>): number {
  return text === undefined ? Buffer.byteLength(base64 ?? '', 'base64') : Buffer.byteLength(text)
}

/** The bytes of an inline body, as they were. */
export function inlineContents({ text, base64 }: RecordedBody): Buffer {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text, 'utf8')
}

/** Bytes up to the last character that is not whole: one has four at most. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte < 0xc0) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return back < needed ? bytes.length - back : bytes.length
  }
  return bytes.length
}
