import type { Ending, Entry } from '../../record/calls.ts'
import { commandLine } from '../../record/command-line.ts'
import type {
  AccessRequestEvent,
  DecisionEvent,
  OutcomeEvent,
  RecordedPrincipal,
  SessionEvent,
} from '../../record/event.ts'
import { type Withheld, whyWithheld } from '../../record/seal/withheld.ts'
import { hasFailed } from '../../record/sessions.ts'
import { printable } from '../../record/shell.ts'
import { endDetails, endedBy } from './ends.ts'
import { count, dateTime, day, duration, size, timeOfDay } from './format.ts'
import { bodyLines } from './kept-bodies.ts'
import type { Paint } from './paint.ts'
import { resultLines, statementFacts, statementLines } from './sql/said.ts'
import { type Room, wrapCommand, wrapText } from './wrap.ts'

/** What stands under a call begins where the call does. */
const INDENT = ' '.repeat('03:04:05.678  allow  '.length)
const SEPARATOR = ' · '
/** Lines of a statement that a recording shows; replays show all. */
const STATEMENT_LINES = 20

/** How the timeline says what happened to an access request; words of five letters stand under each other. */
const HAPPENED: Readonly<
  Record<AccessRequestEvent['what'], { readonly word: string; readonly by: string; readonly good: boolean }>
> = {
  asked: { word: 'asked', by: 'for', good: false },
  shown: { word: 'shown', by: 'to', good: true },
  approved: { word: 'yes  ', by: 'approved by', good: true },
  denied: { word: 'no   ', by: 'denied by', good: false },
  spent: { word: 'spent', by: 'by', good: true },
  expired: { word: 'ended', by: 'expired; by', good: false },
  revoked: { word: 'taken', by: 'revoked by', good: false },
  'broke-glass': { word: 'GLASS', by: 'broken by', good: false },
}

/** In place of what nobody, or nobody without keys, can read. */
const WITHHELD: Readonly<Record<Withheld, string>> = {
  shredded: '(shredded)',
  sealed: '(sealed: it takes the keys of the configuration, --config)',
}

/** How a timeline is laid out. */
export interface Layout {
  /** Of the terminal; lines are as long as they come where there is none. */
  readonly columns?: number | undefined
  /** It shows many sessions at once: each line says whose it is, and there are no headings. */
  readonly many?: boolean
}

/**
 * A recording as lines for people. Everything that was recorded is made printable here: a recording
 * holds what clients sent, and must not speak to the reader's terminal.
 */
export class Timeline {
  readonly #paint: Paint
  readonly #room: Room
  readonly #many: boolean
  #day = ''
  #headed = false

  constructor(paint: Paint, layout: Layout = {}) {
    this.#paint = paint
    this.#room = { columns: layout.columns, indent: INDENT.length }
    this.#many = layout.many ?? false
    this.#headed = this.#many
  }

  /** The lines of one entry, with what has to come before it: whose session it is, which day. */
  lines(entry: Entry): string[] {
    switch (entry.kind) {
      case 'session':
        return this.#many ? this.#began(entry.session) : this.#session(entry.session)
      case 'call':
        return [
          ...this.before(entry.decision),
          ...this.call(entry.decision, entry.ending),
          ...(entry.ending.kind === 'outcome' ? this.#bodies(entry.ending.outcome) : []),
        ]
      case 'access-request':
        return [...this.newDay(entry.event.timeMs), ...this.accessRequest(entry.event)]
      case 'end':
        return [...this.newDay(entry.event.timeMs), ...this.#ended(entry.event)]
      case 'outcome':
        return [
          `${timeOfDay(entry.outcome.timeMs)}  ${'…'.padEnd(5)}  of ${printable(entry.outcome.decisionId)}`,
          ...this.#under(this.#outcome(entry.outcome)),
          ...this.#bodies(entry.outcome),
        ]
    }
  }

  /** A call, its decision, and how it ended. */
  call(decision: DecisionEvent, ending: Ending): string[] {
    const paint = this.#paint
    const effect = decision.effect === 'allow' ? paint.good('allow') : paint.bad('DENY ')
    const weight = decision.effect === 'allow' ? (text: string) => text : paint.bold
    const [call = '', ...more] = this.#described(decision).map(weight)
    const lines = [`${paint.dim(timeOfDay(decision.timeMs))}  ${effect}  ${call}`]
    lines.push(...more.map(line => `${INDENT}${line}`))
    const whose = this.#many ? ofSession(decision) : []
    const facts = decision.call === undefined || this.#many ? [] : statementFacts(decision.call)
    if (facts.length > 0) lines.push(...this.#under(facts))
    if (whyWithheld(decision) !== undefined)
      return [...lines, ...this.#under([`event ${printable(decision.id)}`])]
    if (decision.effect === 'deny') {
      lines.push(...this.#denial(decision, whose))
    } else {
      const details = [...decidedBy(decision), ...passedBy(decision), ...this.#ending(ending), ...whose]
      lines.push(...this.#under(details))
    }
    if (decision.call?.truncated) lines.push(...this.#under(['parameters are cut to fit the recording']))
    if (decision.call?.leftOut !== undefined) lines.push(...this.#under(['parameters are left out']))
    return lines
  }

  /** What happened to an access request: `asked  01J… aws ec2 terminate-instances …`. */
  accessRequest(event: AccessRequestEvent): string[] {
    const paint = this.#paint
    const what = HAPPENED[event.what] ?? { word: printable(event.what), by: 'by', good: false }
    const named = event.name === undefined ? event.by : `${event.name} (${event.by ?? ''})`
    const by = named === undefined ? '' : ` ${what.by} ${printable(named)}`
    const details = [
      ...(event.reason === undefined || event.reason === ''
        ? []
        : [`\u201c${printable(event.reason)}\u201d`]),
      ...(whyWithheld(event) === undefined ? [] : [WITHHELD[whyWithheld(event) ?? 'sealed']]),
      ...(event.usesLeft === undefined ? [] : [`${Number(event.usesLeft)} uses left`]),
      ...(event.expiresAtMs === undefined ? [] : [`until ${dateTime(event.expiresAtMs)}`]),
    ]
    const colored = what.good ? paint.good(what.word) : paint.warn(what.word)
    const line = `${paint.dim(timeOfDay(event.timeMs))}  ${colored}  access request ${printable(event.requestId)}${by}`
    return details.length === 0 ? [line] : [line, ...this.#under(details)]
  }

  /** A session ended, or many were: `ended  by okta/ann`. */
  #ended(event: Extract<Entry, { kind: 'end' }>['event']): string[] {
    const paint = this.#paint
    const word = event.by === undefined ? paint.dim('ended') : paint.bad('ENDED')
    return [
      `${paint.dim(timeOfDay(event.timeMs))}  ${word}  ${endedBy(event)}`,
      ...this.#under(endDetails(event, this.#many)),
    ]
  }

  #denial(decision: DecisionEvent, whose: readonly string[]): string[] {
    const { denial } = decision
    const reason = printable(denial?.reason ?? '')
    const code = denial?.code === undefined ? '' : `${printable(denial.code)}: `
    const lines = wrapText(`${code}${reason}`, this.#room).map(line => `${INDENT}${line}`.trimEnd())
    const details = [
      ...decidedBy(decision),
      `event ${printable(decision.id)}`,
      ...(decision.sessionId === undefined ? [`from ${printable(decision.clientAddress)}`] : []),
      ...whose,
    ]
    lines.push(...this.#under(details))
    return lines
  }

  #ending(ending: Ending): string[] {
    switch (ending.kind) {
      case 'outcome':
        return this.#outcome(ending.outcome)
      case 'lost':
        return [this.#paint.warn('the gate ended before the outcome was known: it may have happened')]
      case 'open':
        return [this.#paint.warn('no outcome yet')]
      case 'later':
        return ['the outcome comes much later']
      case 'denied':
        return []
    }
  }

  #outcome(outcome: OutcomeEvent): string[] {
    const withheld = whyWithheld(outcome)
    if (withheld !== undefined) return [WITHHELD[withheld]]
    const status = statusOf(outcome)
    const error = outcome.error === undefined ? '' : ` ${printable(outcome.error)}`
    const ended = hasFailed(outcome) ? this.#paint.warn(`${status}${error}`) : status
    return [
      `${ended} in ${duration(outcome.durationMs)}`,
      `${size(outcome.bytesIn)} up, ${size(outcome.bytesOut)} down`,
      ...maskedIn(outcome),
      ...(outcome.awsRequestId === undefined ? [] : [`request ${printable(outcome.awsRequestId)}`]),
      ...(outcome.lease === undefined ? [] : [`lease ${printable(outcome.lease)}`]),
    ]
  }

  /** What was kept of its bodies, in a few lines; among many sessions there is no room for that. */
  #bodies(outcome: OutcomeEvent): string[] {
    if (this.#many) return []
    const lines = [...bodyLines(outcome, 'recording'), ...resultLines(outcome, 'recording')]
    return lines.map(line => this.#paint.dim(`${INDENT}${line}`))
  }

  /** What comes before a call: whose session it is, where its beginning is not in the journal; which day, where a new one began. */
  before(decision: DecisionEvent): string[] {
    const lines: string[] = []
    if (!this.#headed && decision.principal !== undefined) {
      lines.push(this.#title(decision.sessionId), ...facts(whose(decision.principal)))
      this.#headed = true
    }
    return [...lines, ...this.newDay(decision.timeMs)]
  }

  #session(session: SessionEvent): string[] {
    this.#headed = true
    const withheld = whyWithheld(session)
    if (withheld !== undefined)
      return [this.#title(session.sessionId), ...facts([['content', WITHHELD[withheld]]])]
    const claims = Object.entries(session.claims).map(([name, value]) => {
      return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`
    })
    const until = dateTime(session.expiresAtMs)
    return [
      this.#title(session.sessionId),
      ...facts([
        ...whose(session.principal),
        [
          'began',
          `${dateTime(session.timeMs)} by ${session.by} from ${session.clientAddress}, until ${until}`,
        ],
        ['claims', claims.join('  ')],
      ]),
    ]
  }

  #title(sessionId: string | undefined): string {
    return this.#paint.bold(`Session ${printable(sessionId ?? '')}`)
  }

  newDay(timeMs: number): string[] {
    const today = day(timeMs)
    if (today === this.#day) return []
    this.#day = today
    return ['', this.#paint.dim(`${today} (UTC)`)]
  }

  #under(parts: readonly string[]): string[] {
    return wrapText(parts.join(SEPARATOR), this.#room).map(line => this.#paint.dim(`${INDENT}${line}`))
  }

  /** The call as its command line; what was never understood as the request that it was. */
  #described(decision: DecisionEvent): string[] {
    const sql = decision.call?.sql
    if (sql !== undefined) return statementLines(sql, this.#many ? 1 : STATEMENT_LINES)
    if (decision.call !== undefined) return wrapCommand(printable(commandLine(decision.call)), this.#room)
    const { target } = decision
    const withheld = whyWithheld(decision)
    if (withheld !== undefined) return [WITHHELD[withheld]]
    if (target === undefined) return ['a request that was not understood']
    return wrapText(printable(`${target.method} ${target.path}`), this.#room)
  }

  /** One line for the beginning of a session among many. */
  #began(session: SessionEvent): string[] {
    const paint = this.#paint
    const { timeMs, principal, by, clientAddress } = session
    const withheld = whyWithheld(session)
    if (withheld !== undefined) {
      const what = printable(`session ${session.sessionId ?? ''}`)
      return [
        ...this.newDay(timeMs),
        `${paint.dim(timeOfDay(timeMs))}  ${paint.good('began')}  ${what}: ${WITHHELD[withheld]}`,
      ]
    }
    const line = `${paint.dim(timeOfDay(timeMs))}  ${paint.good('began')}  ${printable(principal.subject)} by ${printable(by)}`
    return [
      ...this.newDay(timeMs),
      line,
      ...this.#under([`from ${printable(clientAddress)}`, ...ofSession(session)]),
    ]
  }
}

/** Whose call it was: `agent-7 as role/agent, session 01J…`; empty where nobody knows. */
function ofSession({ principal, sessionId }: DecisionEvent | SessionEvent): string[] {
  const role = principal?.roleArn.split(':').slice(5).join(':') ?? ''
  return [
    ...(principal === undefined ? [] : [printable(`${principal.subject} as ${role || principal.roleArn}`)]),
    ...(sessionId === undefined ? [] : [printable(`session ${sessionId}`)]),
  ]
}

/** `by Reports in policies/agent.json`; empty where no statement decided. */
function decidedBy({ statements }: DecisionEvent): string[] {
  if (statements.length === 0) return []
  const named = statements.map(({ statement, policy }) => `${statement} in ${policy}`)
  return [`by ${printable([...new Set(named)].join(', '))}`]
}

/** By whose approval it passed, or that it passed without one. */
function passedBy({ grant, brokeGlass }: DecisionEvent): string[] {
  if (brokeGlass !== undefined) return ['BROKE GLASS: passed without the approval that it needs']
  if (grant === undefined) return []
  const kind = grant.kind === 'scope' ? 'standing access' : 'access request'
  return [printable(`approved by ${grant.by.join(', ')} (${kind} ${grant.requestId})`)]
}

/** What became of it: HTTP's status, or how many rows. */
function statusOf({ protocol, status, rows }: OutcomeEvent): string {
  if (status !== undefined) return printable(String(status))
  if (protocol !== 'sql') return 'no reply'
  return rows === undefined ? 'done' : count(rows, 'row')
}

function maskedIn({ masked }: OutcomeEvent): string[] {
  if (masked === undefined || masked.count === 0) return []
  const values = masked.count === 1 ? '1 value' : `${masked.count} values`
  const places = masked.places.length === 0 ? '' : `: ${masked.places.join(', ')}`
  return [printable(`${values} masked${places}`)]
}

/** Who acted: rows of name and value, as recorded. */
export function whose(principal: RecordedPrincipal): readonly (readonly [string, string])[] {
  return [
    ['principal', `${principal.subject}, vouched for by ${principal.issuer}`],
    ['role', principal.roleArn],
    ['as', principal.arn],
    ['source', principal.sourceIdentity ?? ''],
    ['acting for', principal.actingFor.join(', ')],
  ]
}

/** Rows of name and value, without those that have none, as printable lines. */
export function facts(rows: readonly (readonly [string, string])[]): string[] {
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${name.padEnd(12)}${printable(value)}`)
}
