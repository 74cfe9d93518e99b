import type { Entry } from '../../record/calls.ts'
import { cloudTrailRecord } from '../../record/export/cloudtrail.ts'
import { CSV_HEADER, csvRow } from '../../record/export/csv.ts'
import type { ApiFacts } from '../../record/export/facts.ts'
import { ocsfEvent } from '../../record/export/ocsf.ts'
import { safeJson } from './format.ts'

/** How entries become a file, one after another. */
export interface ExportFormat {
  readonly begin: string
  /** `first`: nothing was written before it. */
  readonly entry: (entry: Entry, first: boolean) => string
  readonly end: string
}

/** A format begins anew for each export. */
export type MakeFormat = (facts: ApiFacts) => ExportFormat

const FORMATS: ReadonlyMap<string, MakeFormat> = new Map<string, MakeFormat>([
  ['jsonl', () => ({ begin: '', entry: entry => `${safeJson(entry)}\n`, end: '' })],
  ['ocsf', facts => ({ begin: '', entry: entry => `${safeJson(ocsfEvent(entry, facts))}\n`, end: '' })],
  [
    'cloudtrail',
    facts => ({
      begin: '{"Records":[',
      entry: (entry, first) => `${first ? '\n' : ',\n'}${safeJson(cloudTrailRecord(entry, facts))}`,
      end: '\n]}\n',
    }),
  ],
  ['csv', () => ({ begin: CSV_HEADER, entry: csvRow, end: '' })],
])

export const FORMAT_NAMES: readonly string[] = [...FORMATS.keys()]

/** Undefined for a name that is none. */
export function formatOf(name: string): MakeFormat | undefined {
  return FORMATS.get(name)
}
