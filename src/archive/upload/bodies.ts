import { join } from 'node:path'
import { blobLayout, readBlobName } from '../../record/blobs/name.ts'
import { laneName } from '../../record/segment.ts'
import { send, type UploadContext } from './context.ts'
import { keys, type SegmentPlace, tenDigits } from './keys.ts'
import { PART_BYTES } from './plan.ts'

/** A short body waits for replies and not for bandwidth: so many are under way at once. */
const AT_ONCE = 8
const SHORT_BYTES: number = 2 ** 20

type Turn = 'short' | 'long'

/** Names of the bodies that lie beside a segment; drafts and what else lies there are none. */
export async function bodyNames(
  { sources, source }: Pick<UploadContext, 'sources' | 'source'>,
  lane: number,
  segment: number,
): Promise<readonly string[]> {
  const names = await sources.list(blobLayout.segment(source.folder, lane, segment))
  return names.filter(name => readBlobName(`${laneName(lane)}/${tenDigits(segment)}/${name}`) !== undefined)
}

/** How many there are, all of them in the bucket. The short ones go first, then the others one by one. */
export async function uploadBodies(
  context: UploadContext,
  place: SegmentPlace,
  signal: AbortSignal,
): Promise<number> {
  const names = await bodyNames(context, place.lane, place.segment)
  const long: string[] = []
  let count = 0
  await eachAtOnce(names, async name => {
    const found = await uploadBody(context, place, name, 'short', signal)
    if (found === 'long') long.push(name)
    else if (found === 'sent') count++
  })
  for (const name of long) {
    if ((await uploadBody(context, place, name, 'long', signal)) === 'sent') count++
  }
  return count
}

/** Leaves long ones for their own turn: of uploads in parts, one is under way at a time. */
async function uploadBody(
  context: UploadContext,
  place: SegmentPlace,
  name: string,
  turn: Turn,
  signal: AbortSignal,
): Promise<'sent' | 'long' | 'gone'> {
  signal.throwIfAborted()
  const { source, sources, settings, limits } = context
  const path = join(blobLayout.segment(source.folder, place.lane, place.segment), name)
  const file = await sources.open(source.folder, path)
  if (file === undefined) return 'gone'
  try {
    const short = Math.min(SHORT_BYTES, limits?.partBytes ?? PART_BYTES)
    if (turn === 'short' && (await file.size()) > short) return 'long'
    const key = keys.body(settings.prefix, place, name)
    await send(context, file, { key, contentType: 'application/octet-stream', ifAbsent: true }, signal)
    return 'sent'
  } finally {
    await file.close()
  }
}

/** Does the work for all, several at once; after the first error no more begins, and what has begun ends before it is told. */
async function eachAtOnce(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const queue = names.values()
  let isOver = false
  const worker = async (): Promise<void> => {
    for (const name of queue) {
      if (isOver) return
      try {
        await work(name)
      } catch (error) {
        isOver = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
