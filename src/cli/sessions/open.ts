import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { type JournalSource, listLanes } from '../../record/read.ts'
import { hintedLanes, readHints } from '../../record/retention/hints.ts'
import { laneName, layout } from '../../record/segment.ts'
import { printable } from '../../record/shell.ts'
import type { SessionsPorts } from './ports.ts'

/** Where the journal is said to be: `--data`, or the configuration's `data`. */
export interface DataPlace {
  readonly data: string | undefined
  readonly config: string
}

/**
 * The journal that a command reads, with the keys that its configuration names; by `--data` it is read without keys.
 * Throws `journal-missing`, `config-invalid`.
 */
export async function openSource(
  place: DataPlace,
  ports: Pick<SessionsPorts, 'files' | 'dataFolder' | 'contentKeys'>,
): Promise<JournalSource> {
  const data = place.data ?? (await ports.dataFolder(place.config))
  const keys = place.data === undefined ? await ports.contentKeys?.(place.config) : undefined
  const source = { files: ports.files, folder: join(data, 'journal'), ...(keys && { keys }) }
  const heads = await ports.files.list(layout.heads(source.folder))
  if (heads.length === 0 && (await listLanes(source)).length === 0) {
    throw new GateError('journal-missing', `there is no journal in \`${data}\``)
  }
  return source
}

/** The same, for a command that shows what was recorded: it says first what of the journal was removed. */
export async function openReading(
  place: DataPlace,
  ports: Pick<SessionsPorts, 'files' | 'dataFolder' | 'contentKeys' | 'err'>,
): Promise<JournalSource> {
  const source = await openSource(place, ports)
  for (const lane of await hintedLanes(source)) {
    for (const { events, why, kept } of await readHints(source, lane)) {
      if (why === 'withdrawn') continue
      const [first, last] = events
      const where = kept === undefined ? '' : `, and are kept in ${printable(kept)}`
      ports.err(
        `sallyport: of lane ${laneName(lane)}, events ${first} to ${last} were removed by their ${why}${where}\n`,
      )
    }
  }
  return source
}

/** Public prose for what went wrong: the file system's own errors by their code, without a stack. */
export function explain(error: unknown): string {
  // A configuration may have several problems, each on a line of its own.
  if (error instanceof GateError)
    return `${error.message.split('\n').map(printable).join('\n')}\n${error.advice}`
  if (error instanceof Error && 'code' in error) return `the journal cannot be read: \`${error.code}\``
  throw error
}
