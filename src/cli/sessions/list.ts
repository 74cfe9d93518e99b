import type { JournalSource } from '../../record/read.ts'
import { listSessions, type Overview, type SessionSummary, type Tally } from '../../record/sessions.ts'
import { printable } from '../../record/shell.ts'
import { endOf } from './ends.ts'
import { count, dateTime, duration, safeJson, size, table } from './format.ts'
import { paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'

const HEADINGS = [
  'SESSION',
  'BEGAN (UTC)',
  'LASTED',
  'CALLS',
  'DENIED',
  'FAILED',
  'UP',
  'DOWN',
  'ENDED',
  'WHO',
]
const NUMBERS: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7])

/** `sallyport sessions list`: one line a session, and one for what was refused without any. */
export async function list(source: JournalSource, json: boolean, ports: SessionsPorts): Promise<number> {
  const overview = await listSessions(source)
  await ports.out(json ? `${safeJson(overview, 2)}\n` : text(overview, ports.colored, ports.terminal.now()))
  return 0
}

function text(overview: Overview, colored: boolean, nowMs: number): string {
  const { sessions, refused, recoveries } = overview
  if (sessions.length === 0 && refused === undefined) return 'nothing has been recorded yet\n'
  const rows = [HEADINGS, ...sessions.map(session => row(session, nowMs))]
  if (refused !== undefined) rows.push(['refused', ...numbers(refused), '', 'nobody that the gate knows'])
  const [headings = '', ...lines] = table(rows, NUMBERS)
  const notes = []
  const open = sessions.reduce((sum, session) => sum + session.open, 0)
  if (open > 0) notes.push(`${count(open, 'call')} without an outcome`)
  if (recoveries > 0) notes.push(`${count(recoveries, 'start')} after a crash`)
  const ending = notes.length === 0 ? '' : `\n${notes.join(', ')}\n`
  return `${[paint(colored).dim(headings), ...lines].join('\n')}\n${ending}`
}

function row(session: SessionSummary, nowMs: number): string[] {
  return [printable(session.id), ...numbers(session), endOf(session, nowMs), who(session)]
}

function numbers(tally: Tally): string[] {
  return [
    dateTime(tally.firstMs),
    duration(tally.lastMs - tally.firstMs),
    String(tally.allowed + tally.denied),
    String(tally.denied),
    String(tally.failed),
    size(tally.bytesIn),
    size(tally.bytesOut),
  ]
}

/** `agent-7 as role/agent in 123456789012`; the ARN as it is where it is of another form. */
function who({ principal, withheld }: SessionSummary): string {
  if (principal === undefined) return withheld === undefined ? '' : `(${withheld})`
  const [, , , , account = '', ...rest] = principal.roleArn.split(':')
  const role = rest.length === 0 ? principal.roleArn : `${rest.join(':')} in ${account}`
  return printable(`${principal.subject} as ${role}${withheld === undefined ? '' : ` (in part ${withheld})`}`)
}
