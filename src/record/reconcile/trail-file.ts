import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { GateError } from '../../core/errors.ts'
import { splitEvents, unreadable } from './split.ts'
import { readTrailEvent, type TrailEvent } from './trail-event.ts'

/** Of one file, unpacked; CloudTrail's are some 50 MB at most. */
export const MAX_UNPACKED_BYTES: number = 8 * 2 ** 30

/** A file of events of CloudTrail. */
export interface TrailFile {
  /** For messages. */
  readonly path: string
  /** Its bytes, from the beginning each time. */
  readonly bytes: () => AsyncIterable<Buffer>
}

/** The events of a file, packed by gzip or not. Throws `events-unreadable`. */
export async function* readTrailFile({ path, bytes }: TrailFile): AsyncGenerator<TrailEvent, void> {
  let number = 0
  for await (const text of splitEvents(limited(unpacked(bytes(), path), path), path)) {
    number++
    yield readTrailEvent(text, path, number)
  }
}

async function* limited(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer, void> {
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > MAX_UNPACKED_BYTES) {
      throw unreadable(path, 1, `the file is longer than ${MAX_UNPACKED_BYTES} bytes`)
    }
    yield chunk
  }
}

/** RFC 1952, 2.3.1: a file of gzip is known by its first bytes, whatever its name. */
const GZIP = Buffer.from([0x1f, 0x8b])

async function* unpacked(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer, void> {
  const source = chunks[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  let step = await source.next()
  while (step.done !== true && head.length < GZIP.length) {
    head = Buffer.concat([head, step.value])
    step = await source.next()
  }
  async function* whole(): AsyncGenerator<Buffer, void> {
    try {
      yield head
      while (step.done !== true) {
        yield step.value
        step = await source.next()
      }
    } finally {
      await source.return?.()
    }
  }
  yield* head.subarray(0, GZIP.length).equals(GZIP) ? gunzipped(whole(), path) : whole()
}

async function* gunzipped(packed: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip()
  // Its errors come out of the reading below; whoever stops reading ends the rest with it.
  const fed = pipeline(Readable.from(packed), gunzip).catch((error: unknown) => error)
  try {
    for await (const chunk of gunzip) yield chunk as Buffer
  } catch (cause) {
    throw cause instanceof GateError ? cause : unreadable(path, 1, 'it is no whole file of gzip', cause)
  } finally {
    gunzip.destroy()
    await fed
  }
}
