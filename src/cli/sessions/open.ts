import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { type JournalSource, listLanes } from '../../record/read.ts'
import { layout } from '../../record/segment.ts'
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

/** Public prose for what went wrong: the file system's own errors by their code, without a stack. */
export function explain(error: unknown): string {
  // A configuration may have several problems, each on a line of its own.
  if (error instanceof GateError)
    return `${error.message.split('\n').map(printable).join('\n')}\n${error.advice}`
  if (error instanceof Error && 'code' in error) return `the journal cannot be read: \`${error.code}\``
  throw error
}
