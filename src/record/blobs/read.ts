import { createHash } from 'node:crypto'
import { type Duplex, pipeline, Readable } from 'node:stream'
import { constants, createZstdDecompress } from 'node:zlib'
import { GateError } from '../../core/errors.ts'
import type { RecordedBody } from '../event.ts'
import type { JournalFile, JournalFiles } from '../files.ts'
import { type BlobName, blobLayout, bodyName, readBlobName } from './name.ts'
import type { BlobSeal } from './ports.ts'
import { WINDOW_LOG } from './writer.ts'

/** Where bodies are and how they are read. */
export interface BlobSource {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  readonly seal?: BlobSeal | undefined
}

const READ_BYTES = 64 * 1024

/**
 * The bytes of a recorded body that lies in a file, in constant memory: as many as were recorded, and no more,
 * whatever the file unpacks to. That they are those that were recorded is known when the last has come.
 * `decisionId` is the id of the call that the outcome names.
 *
 * Throws `body-missing` where there is no such file or it was shredded, `body-damaged` where it is not what was
 * recorded.
 */
export async function* readBlob(
  source: BlobSource,
  body: RecordedBody,
  decisionId: string,
): AsyncGenerator<Buffer, void> {
  const name = nameOf(body, decisionId)
  const expected = body.held ?? { bytes: body.bytes, sha256: body.sha256 }
  const hash = createHash('sha256')
  let length = 0
  for await (const bytes of unpacked(source, name, body)) {
    length += bytes.length
    if (length > expected.bytes) throw damaged(body, `it has more than the ${expected.bytes} bytes`)
    hash.update(bytes)
    yield bytes
  }
  if (length < expected.bytes) throw damaged(body, `it has ${length} bytes of ${expected.bytes}`)
  if (hash.digest('hex') !== expected.sha256) throw damaged(body, 'it does not have the SHA-256')
}

/** The name that an outcome gives, if it is one of this very call. */
function nameOf(body: RecordedBody, decisionId: string): BlobName {
  const name = body.blob === undefined ? undefined : readBlobName(body.blob)
  if (name === undefined || name.eventId !== decisionId) {
    throw damaged(body, `the event names a file that is none of the call \`${decisionId}\``)
  }
  return name
}

async function* unpacked(
  source: BlobSource,
  name: BlobName,
  body: RecordedBody,
): AsyncGenerator<Buffer, void> {
  const opening = name.sealed ? await openingOf(source, name) : undefined
  const file = await source.files.open(blobLayout.blob(source.folder, name), 'read')
  if (file === undefined) throw new GateError('body-missing', `there is no \`${body.blob}\``)
  const zstd = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } })
  const stages: Duplex[] = opening === undefined ? [zstd] : [opening, zstd]
  // Whoever reads the last stage sees the errors of all of them.
  pipeline([Readable.from(contents(file)), ...stages], () => undefined)
  try {
    yield* zstd as AsyncIterable<Buffer>
  } catch (error) {
    throw error instanceof GateError ? error : damaged(body, 'it cannot be unpacked', error)
  } finally {
    await file.close()
  }
}

async function openingOf({ seal }: BlobSource, { eventId, kind }: BlobName): Promise<Duplex> {
  const name = bodyName(eventId, kind)
  if (seal === undefined) {
    throw new GateError('body-missing', `\`${name}\` is encrypted, and no key was given`)
  }
  const opening = await seal.opening(name)
  if (opening === undefined) throw new GateError('body-missing', `\`${name}\` was shredded`)
  return opening
}

async function* contents(file: JournalFile): AsyncGenerator<Buffer, void> {
  let position = 0
  for (;;) {
    const bytes = Buffer.allocUnsafe(READ_BYTES)
    const count = await file.read(bytes, position)
    if (count === 0) return
    position += count
    yield bytes.subarray(0, count)
  }
}

function damaged({ blob }: RecordedBody, reason: string, cause?: unknown): GateError {
  return new GateError('body-damaged', `\`${blob}\` is not what was recorded: ${reason}`, { cause })
}
