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
 * JSON, also the beginning of one, with a line for each member, and XML with one for each element; anything else as it
 * came. Nothing is parsed: numbers
 * and members that come twice stand as they were.
 */
function laidOut(text: string): string {
  const start = text.slice(0, 16).trimStart().charAt(0)
  if (start === '<') return text.replaceAll('><', '>\n<')
  return start === '{' || start === '[' ? new JsonLayout().of(text) : text
}

const MAX_INDENT = 20

class JsonLayout {
  #out = ''
  #depth = 0
  /** Something was opened, and nothing stands in it yet. */
  #isEmpty = false
  #inString = false
  #isEscaped = false

  of(text: string): string {
    for (const character of text) {
      if (this.#inString) this.#string(character)
      else if (character.trim() !== '') this.#token(character)
    }
    return this.#out
  }

  #string(character: string): void {
    this.#out += character
    if (this.#isEscaped) this.#isEscaped = false
    else if (character === '\\') this.#isEscaped = true
    else if (character === '"') this.#inString = false
  }

  #token(character: string): void {
    const closes = character === '}' || character === ']'
    if (closes) this.#depth = Math.max(this.#depth - 1, 0)
    if (closes !== this.#isEmpty) this.#newLine()
    this.#out += character === ':' ? ': ' : character
    this.#isEmpty = character === '{' || character === '['
    if (this.#isEmpty) this.#depth += 1
    if (character === ',') this.#newLine()
    this.#inString = character === '"'
  }

  #newLine(): void {
    this.#out += `\n${'  '.repeat(Math.min(this.#depth, MAX_INDENT))}`
  }
}

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
