import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { inlineContents } from '../../record/blobs/inline.ts'
import { type BodyKind, bodyName } from '../../record/blobs/name.ts'
import { readBlob } from '../../record/blobs/read.ts'
import { findById } from '../../record/calls.ts'
import type { RecordedBody } from '../../record/event.ts'
import type { JournalSource } from '../../record/read.ts'
import { whyWithheld } from '../../record/seal/withheld.ts'
import { printable } from '../../record/shell.ts'
import { fileBytes, pipeBytes } from './bytes-sink.ts'
import { count } from './format.ts'
import { explain, openSource } from './open.ts'
import { type ReadOptions, readOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions body EVENT [--request | --reply] [--out FILE] [--config FILE | --data FOLDER]

  Writes a body of the call that an event's id names, if it is what was recorded: the reply, or what --request or
  --reply says. A terminal is shown text alone; anything else goes to a pipe or with --out to a file for you alone.
  Where the body was cut, what there is of it is written, and what is missing is said.

  Exit code 1: nothing was kept, or it is not what was recorded.
`

/** `sallyport sessions body EVENT`: writes a recorded body once its SHA-256 is known to fit. */
export async function body(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  const short = args.map(word => (word === '-o' ? '--out' : word))
  const options = readOptions(short, { request: 'flag', reply: 'flag', out: 'text' })
  const wrong = typeof options === 'string' ? options : whatIsWrong(options)
  if (typeof options === 'string' || wrong !== undefined) {
    ports.err(`sallyport: ${printable(wrong ?? '')}\n\n${USAGE}`)
    return 2
  }
  try {
    const source = await openSource(options.place, ports)
    return await write(source, options, ports)
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function whatIsWrong({ words, flags }: ReadOptions): string | undefined {
  if (words.length !== 1) return 'give the id of one event'
  if (flags.has('request') && flags.has('reply')) return 'give --request or --reply, not both'
  return flags.has('json') ? 'it takes no --json' : undefined
}

async function write(
  source: JournalSource,
  { words, flags, texts }: ReadOptions,
  ports: SessionsPorts,
): Promise<number> {
  const kind: BodyKind = flags.has('request') ? 'request' : 'reply'
  const { decisionId, found } = await findBody(source, words[0] ?? '', kind)
  if (found.cut !== undefined) ports.err(`sallyport: the ${kind} is not whole: ${printable(found.cut)}\n`)
  const path = texts.get('out')
  if (path === undefined && ports.terminal.columns !== undefined) {
    await showText(contentsOf(source, found, decisionId), ports)
    return 0
  }
  // What goes to a pipe cannot be taken back: it is read once before.
  if (path === undefined) for await (const _ of contentsOf(source, found, decisionId));
  const sink = path === undefined ? pipeBytes(ports.terminal) : await fileBytes(ports.files, path)
  let bytes = 0
  try {
    for await (const piece of contentsOf(source, found, decisionId)) {
      await sink.write(piece)
      bytes += piece.length
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  }
  if (path !== undefined)
    ports.err(`${count(bytes, 'byte')} of ${bodyName(decisionId, kind)} in ${printable(path)}\n`)
  return 0
}

/** What was kept of a body of the call. Throws `session-unknown`, `body-missing`, `content-shredded`, `content-sealed`. */
async function findBody(
  source: JournalSource,
  id: string,
  kind: BodyKind,
): Promise<{ readonly decisionId: string; readonly found: RecordedBody }> {
  const call = await findById(source, id)
  if (call.kind === 'session') {
    throw new GateError('body-missing', `\`${id}\` is a session; give the id of one of its calls`)
  }
  const { decision, ending } = call
  if (ending.kind !== 'outcome') {
    throw new GateError('body-missing', `the call \`${decision.id}\` has no outcome that tells of its bodies`)
  }
  const withheld = whyWithheld(ending.outcome)
  if (withheld !== undefined) {
    throw new GateError(`content-${withheld}`, `what the call \`${decision.id}\` said is ${withheld}`)
  }
  const { requestBody, replyBody } = ending.outcome
  const found = kind === 'request' ? requestBody : replyBody
  if (found === undefined) throw new GateError('body-missing', `no ${kind} of \`${decision.id}\` was kept`)
  if (found.blob === undefined && found.text === undefined && found.base64 === undefined) {
    throw new GateError('body-missing', `no ${kind} of \`${decision.id}\` was kept: ${found.cut ?? ''}`)
  }
  return { decisionId: decision.id, found }
}

/** The bytes that there are; that they fit is known when the last has come. Throws `body-damaged`, `body-missing`. */
async function* contentsOf(
  source: JournalSource,
  found: RecordedBody,
  decisionId: string,
): AsyncGenerator<Buffer, void> {
  if (found.blob !== undefined) {
    yield* readBlob(source, found, decisionId)
    return
  }
  const bytes = inlineContents(found)
  const fits = createHash('sha256').update(bytes).digest('hex') === found.sha256
  // Of the beginning of a body there is no digest: the chain vouches for the event that it stands in.
  if (bytes.length === found.bytes && !fits) {
    throw new GateError('body-damaged', `the body of \`${decisionId}\` does not have its SHA-256`)
  }
  yield bytes
}

/** Longest body that a terminal is shown. */
const MAX_SHOWN_BYTES = 1 << 20

async function showText(contents: AsyncIterable<Buffer>, ports: SessionsPorts): Promise<void> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of contents) {
    length += piece.length
    if (length <= MAX_SHOWN_BYTES) pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  if (length > MAX_SHOWN_BYTES || !isUtf8(bytes)) {
    const why = length > MAX_SHOWN_BYTES ? 'too long for a terminal' : 'no text'
    throw new GateError('body-missing', `the body is ${why}: it can be written with \`--out FILE\``)
  }
  const lines = bytes.toString('utf8').split(/\r?\n/)
  await ports.out(`${lines.map(printable).join('\n')}\n`)
}
