import { GateError } from '../../core/errors.ts'

/** One event: CloudTrail cuts them at 256 KB, or 1 MB; twice that where it stands in a string. */
export const MAX_TRAIL_EVENT_BYTES: number = 4 * 1024 * 1024
/** What is looked at to tell how a file is built. */
const HEAD_BYTES = 256

/** `{"Records":[` of a delivered file, `{"Events":[` of what `aws cloudtrail lookup-events` prints. */
const WRAPPER = /^\s*\{\s*"(?:Records|Events)"\s*:\s*\[/
const ARRAY = /^\s*\[/

/**
 * The texts of the events in a file of CloudTrail, one after another, in memory for one event: a document
 * with `Records` (or `Events`) first, an array, or an event a line.
 *
 * Invariant: every byte of the file is in an event or is a separator; a file that ends early is an error, and
 * so is anything that is neither. An event that went missing could be the one that matters.
 *
 * @throws GateError `events-unreadable`; `file` is for its message
 */
export async function* splitEvents(
  chunks: AsyncIterable<Buffer>,
  file: string,
): AsyncGenerator<string, void> {
  let head: Buffer = Buffer.alloc(0)
  let splitter: Splitter | undefined
  for await (const chunk of chunks) {
    if (splitter !== undefined) {
      yield* splitter.push(chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < HEAD_BYTES) continue
    splitter = begin(head, file)
    yield* splitter.push(withoutHead(head))
  }
  if (splitter === undefined) {
    splitter = begin(head, file)
    yield* splitter.push(withoutHead(head))
  }
  splitter.end()
}

function headOf(bytes: Buffer): { readonly level: number; readonly length: number } {
  const text = bytes.subarray(0, HEAD_BYTES).toString('latin1')
  const mark = text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0
  const wrapper = WRAPPER.exec(text.slice(mark))
  if (wrapper !== null) return { level: 2, length: mark + wrapper[0].length }
  const array = ARRAY.exec(text.slice(mark))
  return array === null ? { level: 0, length: mark } : { level: 1, length: mark + array[0].length }
}

function begin(head: Buffer, file: string): Splitter {
  return new Splitter(headOf(head).level, file)
}

function withoutHead(head: Buffer): Buffer {
  return head.subarray(headOf(head).length)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Follows the nesting of JSON byte by byte, and cuts out the objects that stand at `level`. */
class Splitter {
  /** How deep events stand: 0 for lines, 1 for an array, 2 for a document. */
  readonly #level: number
  readonly #file: string
  #depth: number
  #inString = false
  #escaped = false
  #began: Buffer[] = []
  #beganBytes = 0
  #count = 0

  constructor(level: number, file: string) {
    this.#level = level
    this.#depth = level
    this.#file = file
  }

  *push(chunk: Buffer): Generator<string, void> {
    let start = this.#depth > this.#level ? 0 : -1
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk.readUInt8(at)
      if (this.#inString) {
        this.#string(byte)
        continue
      }
      if (byte === QUOTE) this.#inString = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#depth === this.#level && byte === OPEN_OBJECT) start = at
        this.#depth++
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth--
        if (this.#depth === this.#level && start !== -1) {
          yield this.#whole(chunk.subarray(start, at + 1))
          start = -1
          continue
        }
      }
      if (start === -1) this.#between(byte)
    }
    if (start !== -1) this.#keep(chunk.subarray(start))
  }

  end(): void {
    const ended = this.#depth === 0 && !this.#inString && this.#began.length === 0
    if (!ended) throw this.#unreadable('the file ends in the middle')
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  /** Between events stands nothing but separators; behind the list of a document, its other members. */
  #between(byte: number): void {
    if (this.#depth < 0) throw this.#unreadable('a bracket closes that was never opened')
    const behindList = this.#level === 2 && this.#depth === 1
    const closed = byte === CLOSE_ARRAY || byte === CLOSE_OBJECT
    if (behindList || isSpace(byte) || (closed && this.#depth < this.#level)) return
    if (this.#depth === this.#level && byte === COMMA && this.#level > 0) return
    // The list of another document behind the first: files that were put together.
    if (this.#depth === this.#level && byte === OPEN_ARRAY && this.#level === 2) return
    throw this.#unreadable('something stands there that is no event')
  }

  #keep(piece: Buffer): void {
    this.#beganBytes += piece.length
    if (this.#beganBytes > MAX_TRAIL_EVENT_BYTES) {
      throw this.#unreadable(`it is longer than ${MAX_TRAIL_EVENT_BYTES} bytes`)
    }
    // A copy: whoever reads the file may use its buffer again.
    this.#began.push(Buffer.from(piece))
  }

  #whole(piece: Buffer): string {
    this.#keep(piece)
    const text = Buffer.concat(this.#began).toString('utf8')
    this.#began = []
    this.#beganBytes = 0
    this.#count++
    return text
  }

  #unreadable(reason: string): GateError {
    return unreadable(this.#file, this.#count + 1, reason)
  }
}

/** `number` counts the events of the file from 1 on. */
export function unreadable(file: string, number: number, reason: string, cause?: unknown): GateError {
  const message = `\`${file.slice(-200)}\` cannot be read at event ${number}: ${reason}`
  return new GateError('events-unreadable', message, cause === undefined ? {} : { cause })
}
