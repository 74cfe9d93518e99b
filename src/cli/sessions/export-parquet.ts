import { join } from 'node:path'
import { type JournalSource, listLanes } from '../../record/read.ts'
import { laneName, layout, segmentNumbers } from '../../record/segment.ts'
import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { explain, openSource } from './open.ts'
import { readOptions } from './options.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions export --format parquet --out FOLDER [--config FILE | --data FOLDER] [--json]
       sallyport sessions export --format parquet --segment LANE/NUMBER --out FILE [--config FILE | --data FOLDER]

  A file for each segment of the journal, readable by you alone, with the columns of vectors/athena/table.sql; what of a
  segment that is still written has been written by now. An existing file is replaced.
`

const SEGMENT = /^(\d{1,2})\/(\d{1,10})$/

/** `sallyport sessions export --format parquet`; exit codes as those of `export`. */
export async function exportParquet(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const options = readOptions(args, { format: 'text', segment: 'text', out: 'text' })
  if (typeof options === 'string') return wrong(options, ports)
  const { texts, words, flags, place } = options
  const [out, segment] = [texts.get('out'), texts.get('segment')]
  if (words.length > 0) return wrong(`\`--format parquet\` takes no \`${words[0]}\``, ports)
  if (out === undefined || out === '') return wrong('say with --out where to', ports)
  const match = segment === undefined ? undefined : SEGMENT.exec(segment)
  if (match === null) return wrong(`--segment takes LANE/NUMBER, as \`00/1\`, not \`${segment}\``, ports)
  const { parquet } = ports
  if (parquet === undefined) return wrong('this build writes no Parquet', ports)
  try {
    const source = await openSource(place, ports)
    const [files, rows] =
      match === undefined
        ? await exportAll(source, out, parquet)
        : [1, await parquet(source, Number(match[1]), Number(match[2]), out)]
    await ports.out(
      flags.has('json')
        ? `${safeJson({ format: 'parquet', out, files, entries: rows })}\n`
        : `${count(rows, 'entry', 'entries')} in ${count(files, 'file')} in ${printable(out)}\n`,
    )
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function wrong(problem: string, ports: SessionsPorts): number {
  ports.err(`sallyport: ${printable(problem)}\n\n${USAGE}`)
  return 2
}

/** All segments of all lanes into a folder; how many files, and how many rows. */
async function exportAll(
  source: JournalSource,
  folder: string,
  parquet: NonNullable<SessionsPorts['parquet']>,
): Promise<readonly [files: number, rows: number]> {
  await source.files.makeFolder(folder)
  let [files, rows] = [0, 0]
  for (const lane of await listLanes(source)) {
    for (const segment of segmentNumbers(await source.files.list(layout.lane(source.folder, lane)))) {
      const name = `${laneName(lane)}-${String(segment).padStart(10, '0')}.parquet`
      rows += await parquet(source, lane, segment, join(folder, name))
      files += 1
    }
  }
  return [files, rows]
}
