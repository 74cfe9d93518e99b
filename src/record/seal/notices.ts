/**
 * What was shredded is told to whoever reads the chain: the command that shreds leaves a notice, a file in
 * `keys/shredded/`, and the gate puts it into its lane as a `shred` event. `ID.json` is not in a chain yet,
 * `ID.recorded.json` is. Two lanes may record one notice at once, with one id: the second says nothing new.
 */
import { GateError } from '../../core/errors.ts'
import type { ShredEvent } from '../event.ts'
import { type JournalFiles, readFully, replaceFile } from '../files.ts'
import { keyLayout } from './key-layout.ts'

/** Longest notice, in bytes. */
const MAX_NOTICE_BYTES = 8_192
const PENDING = /^([0-9A-Z]{26})\.json$/

/** Leaves a notice, durably, before anything is shredded. */
export async function leaveNotice(files: JournalFiles, folder: string, event: ShredEvent): Promise<void> {
  const notices = keyLayout.notices(folder)
  await files.makeFolder(notices)
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`)
  if (bytes.length > MAX_NOTICE_BYTES) throw new GateError('internal', 'the notice is too long')
  await (await replaceFile(files, notices, `${notices}/${event.id}.json`, bytes)).close()
}

/** Records what notices say that no chain has yet. */
export async function recordNotices(
  files: JournalFiles,
  folder: string,
  append: (event: ShredEvent) => Promise<void>,
): Promise<void> {
  const notices = keyLayout.notices(folder)
  for (const name of await files.list(notices)) {
    const [, id] = PENDING.exec(name) ?? []
    const event = id === undefined ? undefined : await readNotice(files, `${notices}/${name}`)
    if (event === undefined) continue
    await append(event)
    // Whoever else has recorded it has renamed it as well.
    const names = await files.list(notices)
    if (names.includes(name)) await files.rename(`${notices}/${name}`, `${notices}/${id}.recorded.json`)
  }
}

/** The event of a notice; undefined if somebody else has recorded it meanwhile, or if it is none. */
async function readNotice(files: JournalFiles, path: string): Promise<ShredEvent | undefined> {
  const file = await files.open(path, 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(MAX_NOTICE_BYTES + 1)
    return parseNotice(bytes.toString('utf8', 0, await readFully(file, bytes, 0)))
  } finally {
    await file.close()
  }
}

function parseNotice(text: string): ShredEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Somebody else's file; `sessions verify` is not about it.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { id, timeMs, what, of, by, reason } = value as Partial<Record<keyof ShredEvent, unknown>>
  if (
    typeof id !== 'string' ||
    typeof timeMs !== 'number' ||
    typeof of !== 'string' ||
    typeof by !== 'string'
  ) {
    return undefined
  }
  if (what !== 'session' && what !== 'tenant') return undefined
  return { type: 'shred', id, timeMs, what, of, by, ...(typeof reason === 'string' ? { reason } : {}) }
}
