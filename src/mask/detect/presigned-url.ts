import { byteAt, classOf, isAt, longRunEnd, runEnd, TOKEN, type Window, wordAt } from './bytes.ts'
import { anyCase, type Detector, type Found, LIMIT_BYTES } from './detector.ts'

/**
 * What makes a URL work for whoever has it: the values of `X-Amz-Signature` and `X-Amz-Security-Token` (SigV4),
 * of `Signature` (SigV2, CloudFront), of `X-Goog-Signature` and of Azure's `sig`; also where the URL is
 * percent-encoded in another or escaped in JSON or XML. The rest of the URL stays.
 */

const MIN_VALUE_CHARACTERS = 16
const VALUE = TOKEN
/** What may stand between such a name and its value where it is a form's field, not a URL. */
const BETWEEN = classOf(' \t:"\'\\')
const MAX_BETWEEN_BYTES = 8
const EQUALS = ['=', '%3d', '%253d', '\\u003d', '&#61;', '&#x3d;']

export const presignedUrl: Detector = {
  name: 'presigned-url',
  anchors: [
    {
      triggers: [anyCase('gna')],
      look: (window, at, found) => {
        if (!wordAt(window, at - 2, 'signature')) return
        const of = wordAt(window, at - 8, 'x-amz-') || wordAt(window, at - 9, 'x-goog-')
        if (of || isParameter(window, at - 2)) value(window, at + 7, of, found)
      },
    },
    {
      triggers: [anyCase('tok')],
      look: (window, at, found) => {
        if (wordAt(window, at - 15, 'x-amz-security-token')) value(window, at + 5, true, found)
      },
    },
    {
      triggers: [['sS', 'iI', 'gG']],
      look: (window, at, found) => {
        if (byteAt(window, at + 3) === 0x3d && isParameter(window, at)) value(window, at + 3, false, found)
      },
    },
  ],
}

const BEFORE = classOf('?&;, ')

/** Whether a query parameter's name can begin here. */
function isParameter(window: Window, at: number): boolean {
  if (isAt(window, at - 1, BEFORE)) return true
  return wordAt(window, at - 3, '%26') || wordAt(window, at - 3, '%3f') || wordAt(window, at - 6, '\\u0026')
}

function value(window: Window, at: number, named: boolean, found: Found): void {
  const sign = EQUALS.find(text => wordAt(window, at, text))
  let start = at + (sign?.length ?? 0)
  if (sign === undefined) {
    if (!named) return
    start = runEnd(window, at, at + MAX_BETWEEN_BYTES, BETWEEN)
    if (start === at) return
  }
  const end = longRunEnd(window, start, start + LIMIT_BYTES, VALUE)
  if (end === start + LIMIT_BYTES) found(start, end, VALUE)
  else if (end - start >= MIN_VALUE_CHARACTERS) found(start, end)
}
