import type { Entry } from '../../../record/calls.ts'
import type { DecisionEvent, OutcomeEvent, RecordedCall } from '../../../record/event.ts'
import { whyWithheld } from '../../../record/seal/withheld.ts'
import { printable } from '../../../record/shell.ts'
import { duration, timeOfDay } from '../format.ts'
import type { Paint } from '../paint.ts'
import { type Layout, Timeline } from '../timeline.ts'
import { resultLines, rowsLine, statementFacts, statementLines } from './said.ts'

type CallEntry = Extract<Entry, { kind: 'call' }>

/**
 * A recording of SQL as the person saw it at the terminal: statements behind prompts, results as tables, denials as the
 * errors that the client got. What is no SQL stands as in a timeline. Everything is made printable.
 */
export class SqlConsole {
  readonly #paint: Paint
  readonly #columns: number | undefined
  readonly #timeline: Timeline

  constructor(paint: Paint, layout: Layout = {}) {
    this.#paint = paint
    this.#columns = layout.columns
    this.#timeline = new Timeline(paint, layout)
  }

  lines(entry: Entry): string[] {
    if (entry.kind === 'access-request') return this.#notice(entry)
    const call = entry.kind === 'call' ? entry.decision.call : undefined
    if (entry.kind !== 'call' || call?.sql === undefined || whyWithheld(entry.decision) !== undefined) {
      return this.#timeline.lines(entry)
    }
    return [...this.#timeline.before(entry.decision), ...this.#statement(entry, call)]
  }

  #statement({ decision, ending }: CallEntry, call: RecordedCall): string[] {
    const paint = this.#paint
    const [first = '', ...more] = call.sql === undefined ? [] : statementLines(call.sql)
    const said = statementFacts(call).map(fact => paint.dim(`-- ${fact}`))
    const lines = ['', paint.bold(first), ...more.map(paint.bold), ...said, ...passedBy(decision, paint)]
    if (decision.effect === 'deny') return [...lines, ...this.#denied(decision)]
    switch (ending.kind) {
      case 'outcome':
        return [...lines, ...this.#outcome(call, decision, ending.outcome)]
      case 'lost':
        return [...lines, paint.warn('-- the gate ended before the outcome was known: it may have happened')]
      default:
        return [...lines, paint.warn('-- no outcome yet')]
    }
  }

  #denied({ denial, statements, timeMs, id }: DecisionEvent): string[] {
    const paint = this.#paint
    const by = statements.map(({ statement, policy }) => `${statement} in ${policy}`)
    return [
      paint.bad(`ERROR:  ${printable(denial?.reason ?? 'denied')}`),
      ...(by.length === 0 ? [] : [paint.bad(`DETAIL:  ${printable([...new Set(by)].join(', '))}`)]),
      paint.bad(`HINT:  event ${printable(id)}`),
      paint.dim(timeOfDay(timeMs)),
    ]
  }

  #outcome(call: RecordedCall, decision: DecisionEvent, outcome: OutcomeEvent): string[] {
    const paint = this.#paint
    if (whyWithheld(outcome) !== undefined) return [paint.warn('-- how it ended cannot be read')]
    const { error, durationMs, masked } = outcome
    const lines = resultLines(outcome, 'call', this.#columns)
    if (error !== undefined) lines.push(paint.warn(`ERROR:  ${printable(error)}`))
    else if (call.sql?.message !== 'Connect') lines.push(rowsLine(call.operation, outcome))
    const hidden = masked === undefined || masked.count === 0 ? '' : ` · ${Number(masked.count)} masked`
    const time = `Time: ${duration(durationMs)}${hidden} · ${timeOfDay(decision.timeMs)}`
    return [...lines, paint.dim(time)]
  }

  /** What people were asked, as the client was told: `NOTICE:  …`. */
  #notice({ event }: Extract<Entry, { kind: 'access-request' }>): string[] {
    const [first = '', ...more] = this.#timeline.accessRequest(event)
    return [...this.#timeline.newDay(event.timeMs), '', `${this.#paint.warn('NOTICE:')}  ${first}`, ...more]
  }
}

function passedBy({ grant, brokeGlass }: DecisionEvent, paint: Paint): string[] {
  if (brokeGlass !== undefined) return [paint.bad('WARNING:  passed without the approval that it needs')]
  if (grant === undefined) return []
  return [
    paint.good(`NOTICE:  approved by ${printable(grant.by.join(', '))} (${printable(grant.requestId)})`),
  ]
}
