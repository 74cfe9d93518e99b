import { join } from 'node:path'
import { type JournalIndex, openIndex } from '../../record/index/index.ts'
import type { JournalSource } from '../../record/read.ts'
import { openReading } from './open.ts'
import type { ReadOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

/** How often it is told how far indexing has come, in events. */
const TOLD_EACH = 1_000_000

/** The index of a journal; undefined where there can be none: then its segments are searched. */
export async function openJournalIndex(
  source: JournalSource,
  place: ReadOptions['place'],
  ports: SessionsPorts,
): Promise<JournalIndex | undefined> {
  if (ports.index === undefined) return undefined
  const key = await ports.index.key(place)
  // What is sealed in the journal may lie open nowhere else.
  if (source.keys !== undefined && key === undefined) return undefined
  let events = 0
  return openIndex({
    source,
    folder: join(source.folder, '..', 'index'),
    random: ports.index.random,
    ...(key && { key }),
    progress(count) {
      const before = Math.floor(events / TOLD_EACH)
      events += count
      if (Math.floor(events / TOLD_EACH) > before) {
        ports.err(`sallyport: ${events.toLocaleString('en')} events indexed\n`)
      }
    },
  })
}

/** The journal and its index. Throws `journal-missing`, `config-invalid`. */
export async function openIndexed(
  place: ReadOptions['place'],
  ports: SessionsPorts,
): Promise<{ readonly source: JournalSource; readonly index: JournalIndex | undefined }> {
  const source = await openReading(place, ports)
  return { source, index: await openJournalIndex(source, place, ports) }
}
