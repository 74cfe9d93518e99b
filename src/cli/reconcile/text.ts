import type {
  CallClass,
  Listed,
  ListedCall,
  ReconcileReport,
  StrangeCall,
} from '../../record/reconcile/report.ts'
import { printable } from '../../record/shell.ts'
import { count, dateTime } from '../sessions/format.ts'
import { type Paint, paint } from '../sessions/paint.ts'

/** How many of a list are shown; `--json` has more. */
const SHOWN = 50

/** What each class means, after its number. */
const MEANINGS: readonly (readonly [CallClass, string])[] = [
  ['confirmed', 'recorded by the gate, and CloudTrail has them'],
  ['unseen', 'recorded by the gate and answered by AWS, but CloudTrail lacks them'],
  ['awaited', 'too recent: CloudTrail may still deliver them'],
  ['uncovered', 'at a time, or in an account or region, of which CloudTrail was not asked or has nothing'],
  ['unlogged', 'data events: CloudTrail logs them only where a trail asks for them'],
  ['unpaired', 'without a request id of AWS, so that nothing can be said'],
]

const ROLES_OF_JOURNAL =
  'only roles that had a session in the journal are looked for: --config or --role names the others'

/** What Event history cannot show, so that nobody takes its silence for an answer. */
const LOOKUP_LIMITS = [
  'LookupEvents has management events alone, of the last 90 days and of these regions; IAM and STS log theirs in us-east-1',
  'what happened in the last minutes may not be delivered yet: such calls are awaited, not unseen',
]

/** `configured`: the roles are those of a configuration too, and not of the journal alone. */
export function reportText(report: ReconcileReport, configured: boolean, colored: boolean): string {
  const colors = paint(colored)
  return `${[
    ...span(report),
    ...(report.lookup === undefined ? [] : LOOKUP_LIMITS.map(line => colors.dim(line))),
    ...(configured ? [] : [colors.dim(ROLES_OF_JOURNAL)]),
    '',
    ...strange(report.notThroughGate, colors),
    '',
    ...classes(report, colors),
    ...details('unseen', report.calls.unseen, colors),
    ...details('unpaired', report.calls.unpaired, colors),
  ].join('\n')}\n`
}

function span({ events, roles, journal, lookup }: ReconcileReport): string[] {
  const { files, read, firstMs, lastMs, skipped } = events
  const from =
    firstMs === undefined || lastMs === undefined ? '' : `, ${dateTime(firstMs)} to ${dateTime(lastMs)} UTC`
  const where =
    lookup === undefined ? `in ${count(files, 'file')}` : `looked up in ${lookup.regions.join(', ')}`
  const passed = skipped === 0 ? '' : `; ${count(skipped, 'file')} passed over`
  return [
    `${count(read, 'event')} of CloudTrail ${where}${from}${passed}`,
    `${count(journal.allowed, 'call')} let through by the gate, ${journal.denied} denied; ${count(roles.length, 'role')}`,
  ]
}

function strange({ count: all, first }: Listed<StrangeCall>, colors: Paint): string[] {
  if (all === 0) return [colors.good('every call with these roles came through the gate')]
  const what = `${count(all, 'call')} with the gate's roles did NOT come through the gate`
  return [
    colors.bold(colors.bad(what)),
    ...first.slice(0, SHOWN).flatMap(call => strangeLines(call, colors)),
    ...more(all),
  ]
}

function strangeLines(call: StrangeCall, colors: Paint): string[] {
  const { role, session, sessionOfGate, sourceIdentity, accessKeyId, address, userAgent } = call
  const known = sessionOfGate ? 'a session of the gate' : 'no session of the gate'
  const identity = sourceIdentity === undefined ? '' : `, source identity ${sourceIdentity}`
  const failed = call.errorCode === undefined ? '' : `  ${call.errorCode}`
  const lines = [
    `who   ${session} (${known}) as ${role}${identity}`,
    `from  ${address}, ${userAgent}`,
    `key   ${accessKeyId ?? 'not in the event'}`,
    `event ${call.eventId}${call.requestId === undefined ? '' : `, request ${call.requestId}`}`,
    ...(call.perhaps === undefined
      ? []
      : [`note  could be the call ${call.perhaps}, whose end the gate does not know`]),
  ]
  const title = `${dateTime(call.timeMs)}  ${call.source} ${call.name}  ${call.region}${failed}`
  return [`  ${colors.bold(printable(title))}`, ...lines.map(line => `      ${printable(line)}`)]
}

function classes({ calls, byServices }: ReconcileReport, colors: Paint): string[] {
  const width = Math.max(...MEANINGS.map(([name]) => String(calls[name].count).length))
  const rows = MEANINGS.map(([name, meaning]) => {
    const line = `${String(calls[name].count).padStart(width)}  ${name.padEnd(9)}  ${meaning}`
    return name === 'unseen' && calls[name].count > 0 ? colors.warn(line) : line
  })
  const services = Object.entries(byServices).map(([service, times]) => printable(`${service} (${times})`))
  if (services.length === 0) return rows
  return [...rows, colors.dim(`services of AWS acted for these roles: ${services.join(', ')}`)]
}

function details(name: string, { count: all, first }: Listed<ListedCall>, colors: Paint): string[] {
  if (all === 0) return []
  return ['', colors.dim(name), ...first.slice(0, SHOWN).map(callLine), ...more(all)]
}

function callLine({
  id,
  timeMs,
  service,
  operation,
  region,
  session,
  requestId,
  trouble,
}: ListedCall): string {
  const why = requestId === undefined ? (trouble ?? '') : `request ${requestId}`
  return printable(
    `  ${dateTime(timeMs)}  ${service} ${operation}  ${region}  ${session}  event ${id}  ${why}`,
  )
}

function more(all: number): string[] {
  return all <= SHOWN ? [] : [`  and ${count(all - SHOWN, 'more', 'more')}; --json lists the first thousand`]
}
