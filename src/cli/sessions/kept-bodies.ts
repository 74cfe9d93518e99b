import { inlineContents } from '../../record/blobs/inline.ts'
import type { OutcomeEvent, RecordedBody } from '../../record/event.ts'
import { printable } from '../../record/shell.ts'
import { size } from './format.ts'

/** Lines of a body that a recording shows, and that one call does; and how long one may be. */
const RECORDING_LINES = 8
const CALL_LINES = 200
const LINE_CHARACTERS = 400

/** How much of a body is shown. */
export type BodyRoom = 'recording' | 'call'

/** What was kept of a call's bodies, and what was not, as printable lines; empty where no rule asked for it. */
export function bodyLines(outcome: OutcomeEvent, room: BodyRoom): string[] {
  const { requestBody, replyBody } = outcome
  return [
    ...(requestBody === undefined ? [] : described('request', requestBody, room)),
    ...(replyBody === undefined ? [] : described('reply', replyBody, room)),
  ]
}

/** Facts about the bodies of a call, for one line: `reply cut: …`. */
function described(kind: 'request' | 'reply', body: RecordedBody, room: BodyRoom): string[] {
  const facts = [
    `${kind}: ${size(body.bytes)}`,
    ...(room === 'recording' || body.sha256 === undefined ? [] : [`SHA-256 ${printable(body.sha256)}`]),
    ...(body.blob === undefined ? [] : [room === 'recording' ? 'kept whole' : `in ${printable(body.blob)}`]),
    ...(body.cut === undefined ? [] : [printable(body.cut)]),
  ]
  return [facts.join(' · '), ...contents(body, room).map(line => `  ${line}`)]
}

function contents(body: RecordedBody, room: BodyRoom): string[] {
  if (body.base64 !== undefined) return body.base64 === '' ? [] : [`${hexOf(body)} (no text)`]
  if (body.text === undefined || body.text === '') return []
  const most = room === 'recording' ? RECORDING_LINES : CALL_LINES
  const lines = laidOut(body.text).split('\n', most + 1)
  const shown = lines.slice(0, most).map(line => printable(cut(line)))
  return lines.length > most ? [...shown, '…'] : shown
}

/**
 * JSON, also the beginning of one, with a line for each member; anything else as it came. Nothing is parsed: numbers
 * and members that come twice stand as they were.
 */
function laidOut(text: string): string {
  if (!/^\s{0,16}[[{]/.test(text)) return text
  let depth = 0
  const line = (): string => `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`
  return text.replace(TOKEN, token => {
    if (token === '{' || token === '[') {
      depth += 1
      return token + line()
    }
    if (token === '}' || token === ']') {
      depth -= 1
      return line() + token
    }
    if (token === ',') return token + line()
    if (token === ':') return ': '
    return token.trim() === '' ? '' : token
  })
}

const MAX_INDENT = 20
/** A string, also one that is cut off; a mark; what is empty; white space. Anything else stands between them. */
const TOKEN = /"(?:[^"\\]|\\.)*(?:"|$)|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/gsu

function cut(line: string): string {
  const short = line.replace(/\r$/, '')
  if (short.length <= LINE_CHARACTERS) return short
  return `${short.slice(0, LINE_CHARACTERS)}… ${short.length - LINE_CHARACTERS} characters more`
}

const HEX_BYTES = 16

function hexOf(body: RecordedBody): string {
  const bytes = inlineContents({ ...body, base64: (body.base64 ?? '').slice(0, 2 * HEX_BYTES) })
  return `${bytes.toString('hex', 0, HEX_BYTES)}${body.bytes > HEX_BYTES ? '…' : ''}`
}
