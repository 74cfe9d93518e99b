import { createHash } from 'node:crypto'
import { pipeline, Readable } from 'node:stream'
import { constants, createZstdDecompress } from 'node:zlib'
import { GateError } from '../../core/errors.ts'
import type { RecordedBody } from '../event.ts'
import type { JournalFile } from '../files.ts'
import type { JournalSource } from '../read.ts'
import { openStream } from '../seal/stream.ts'
import { type BlobName, blobLayout, bodyName, readBlobName } from './name.ts'
import { WINDOW_LOG } from './writer.ts'

const READ_BYTES = 64 * 1024

/**
 * The bytes of a recorded body that lies in a file, in constant memory: as many as were recorded, and no more,
 * whatever the file unpacks to. That they are those that were recorded is known when the last has come.
 * `decisionId` is the id of the call that the outcome names.
 *
 * Throws `body-missing` where there is no such file, `body-damaged` where it is not what was recorded,
 * `content-shredded` and `content-sealed` where nobody can read it, or nobody gave its key.
 */
export async function* readBlob(
  source: JournalSource,
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
  source: JournalSource,
  name: BlobName,
  body: RecordedBody,
): AsyncGenerator<Buffer, void> {
  const file = await source.files.open(blobLayout.blob(source.folder, name), 'read')
  if (file === undefined) throw new GateError('body-missing', `there is no \`${body.blob}\``)
  const packed = contents(file)
  const opened = name.sealed ? openStream(packed, source.keys, bodyName(name.eventId, name.kind)) : packed
  const zstd = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } })
  // Whoever reads the last stage sees the errors of all of them.
  pipeline(Readable.from(opened), zstd, () => undefined)
  try {
    yield* zstd as AsyncIterable<Buffer>
  } catch (error) {
    if (error instanceof GateError && error.code !== 'journal-corrupt') throw error
    throw damaged(body, 'it cannot be opened', error)
  } finally {
    await file.close()
  }
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
