import type { MaskForm } from '../core/decision.ts'
import type { ApprovalTerms, MaskTerms } from './model.ts'
import { type Located, quote } from './problem.ts'
import { Members, type Report, readOneOf, readText, readTexts } from './report.ts'
import type { Tree } from './source.ts'

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const MAX_DURATION_MS = 30 * UNITS_MS.d
const MAX_COUNT = 1_000

/** Reads `Approval`: from whom, how many, for how long; times are `30s`, `15m`, `2h`, `1d`. */
export function readApproval(report: Report, node: Tree): ApprovalTerms | undefined {
  const members = Members.of(report, '`Approval`', node)
  if (members === undefined) return undefined
  const from = members.take('From')
  if (from === undefined) report.error('structure', node.at, '`Approval` must have `From`: who may approve')
  const terms: ApprovalTerms = {
    from: from === undefined ? [] : readApprovers(report, from.value),
    count: readCount(report, members, 'Count', 1),
    validForMs: readDuration(report, members, 'ValidFor', 15 * UNITS_MS.m),
    uses: readCount(report, members, 'Uses', 1),
    holdMs: readDuration(report, members, 'Hold', 25 * UNITS_MS.s, { longest: '15m', ms: 15 * UNITS_MS.m }),
    breakGlass: readFlag(report, members, 'BreakGlass'),
  }
  members.done()
  return terms
}

/** Reads `Mask`: which fields of a reply, or which columns of a result, and how. */
export function readMask(report: Report, node: Tree): MaskTerms | undefined {
  const members = Members.of(report, '`Mask`', node)
  if (members === undefined) return undefined
  const list = (name: string): readonly Located[] => {
    const entry = members.take(name)
    return entry === undefined ? [] : readTexts(report, `\`${name}\``, entry.value)
  }
  const [fields, columns, detect] = [list('Fields'), list('Columns'), list('Detect')]
  requireWholeColumns(report, columns)
  const asEntry = members.take('As')
  const as = asEntry === undefined ? 'full' : readOneOf<MaskForm>(report, '`As`', asEntry.value, FORMS)
  const objectsEntry = members.take('OtherObjects')
  const otherObjects =
    objectsEntry === undefined
      ? 'deny'
      : readOneOf<'deny' | 'pass'>(report, '`OtherObjects`', objectsEntry.value, ['deny', 'pass'])
  members.done()
  if (fields.length + columns.length + detect.length === 0) {
    report.error('structure', node.at, '`Mask` must have `Fields`, `Columns` or `Detect`')
  }
  return {
    ...{ fields: textsOf(fields), columns: textsOf(columns), detect: textsOf(detect) },
    ...{ as: as ?? 'full', otherObjects: otherObjects ?? 'deny' },
  }
}

function textsOf(values: readonly Located[]): readonly string[] {
  return values.map(({ text }) => text)
}

/** A column is called with its schema and its table: a pattern for its own name alone would mask nothing, without a word. */
function requireWholeColumns(report: Report, columns: readonly Located[]): void {
  for (const { text, at } of columns) {
    if (text.includes('*') || text.includes('.')) continue
    report.error(
      'value',
      at,
      `\`Columns\` ${quote(text)} must be \`SCHEMA.TABLE.COLUMN\` or \`TABLE.COLUMN\`; in any table: ${quote(`*.${text}`)}`,
    )
  }
}

const FORMS: readonly MaskForm[] = ['full', 'partial', 'hash', 'null']
/** A group may be called anything that an identity provider calls one; a person is of an issuer. */
const APPROVER = /^(?:admin|group\/[^\p{Cc}]{1,256}|person\/[^/\p{Cc}]{1,64}\/[^\p{Cc}]{1,256})$/u

function readApprovers(report: Report, node: Tree): readonly string[] {
  const texts = readTexts(report, '`From`', node)
  for (const { text, at } of texts) {
    if (APPROVER.test(text)) continue
    report.error(
      'value',
      at,
      `\`From\` ${quote(text)} must be \`group/NAME\`, \`person/ISSUER/SUBJECT\` or \`admin\``,
    )
  }
  return texts.map(({ text }) => text)
}

function readCount(report: Report, members: Members, name: string, orElse: number): number {
  const entry = members.take(name)
  const text = entry === undefined ? undefined : readText(report, `\`${name}\``, entry.value)
  if (text === undefined) return orElse
  const count = /^[1-9]\d{0,3}$/.test(text.text) ? Number(text.text) : Number.NaN
  if (count <= MAX_COUNT) return count
  report.error('value', text.at, `\`${name}\` ${quote(text.text)} must be a number from 1 to ${MAX_COUNT}`)
  return orElse
}

/** A client that is held longer has given up; nobody keeps connections open for a day. */
const LONGEST = { longest: '30d', ms: MAX_DURATION_MS } as const

function readDuration(
  report: Report,
  members: Members,
  name: string,
  orElseMs: number,
  most: { readonly longest: string; readonly ms: number } = LONGEST,
): number {
  const entry = members.take(name)
  const text = entry === undefined ? undefined : readText(report, `\`${name}\``, entry.value)
  if (text === undefined) return orElseMs
  const form = /^([1-9]\d{0,6})([smhd])$/.exec(text.text)
  const unit = form?.[2] as keyof typeof UNITS_MS | undefined
  const durationMs = unit === undefined ? Number.NaN : Number(form?.[1]) * UNITS_MS[unit]
  if (durationMs <= most.ms) return durationMs
  report.error(
    'value',
    text.at,
    `\`${name}\` ${quote(text.text)} must be a time like \`30s\`, \`15m\`, \`2h\`, up to \`${most.longest}\``,
  )
  return orElseMs
}

function readFlag(report: Report, members: Members, name: string): boolean {
  const entry = members.take(name)
  const text = entry === undefined ? undefined : readText(report, `\`${name}\``, entry.value)
  if (text === undefined || text.text === 'false') return false
  if (text.text === 'true') return true
  report.error('value', text.at, `\`${name}\` ${quote(text.text)} must be \`true\` or \`false\``)
  return false
}
