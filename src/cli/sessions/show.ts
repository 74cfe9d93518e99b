import { type Entry, findById, readEntries, type Selection } from '../../record/calls.ts'
import { commandLine } from '../../record/command-line.ts'
import type { RecordedCall } from '../../record/event.ts'
import type { JournalSource } from '../../record/read.ts'
import { hasFailed } from '../../record/sessions.ts'
import { printable } from '../../record/shell.ts'
import { unrecordedEnd } from './ends.ts'
import { count, dateTime, duration, safeJson, size } from './format.ts'
import { bodyLines } from './kept-bodies.ts'
import { type Paint, paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'
import { SqlConsole } from './sql/console.ts'
import { resultLines } from './sql/said.ts'
import type { Terminal } from './terminal.ts'
import { facts, Timeline, whose } from './timeline.ts'

/** The word that stands for what was refused without a session, in place of an id. */
export const REFUSED = 'refused'

/** Waits before an entry is shown, for `replay`; `stop` where the person has seen enough. */
export type Pace = (timeMs: number) => Promise<'go' | 'stop'>

const AT_ONCE: Pace = async () => 'go'

/**
 * `sallyport sessions show ID`: the recording of a session, or of all that was refused without one, or
 * everything about the one call that an event's id names. With a `replay`, SQL is shown as at a terminal, at that pace.
 * Throws `session-unknown`.
 */
export async function show(
  source: JournalSource,
  id: string,
  json: boolean,
  ports: SessionsPorts,
  replay?: Pace,
): Promise<number> {
  if (id === REFUSED) return recording(source, REFUSED, json, ports, replay)
  const found = await findById(source, id)
  if (found.kind === 'session') return recording(source, found, json, ports, replay)
  const call: Entry = { ...found, kind: 'call' }
  await ports.out(json ? `${safeJson(forJson(call), 2)}\n` : details(call, paint(ports.colored)))
  return 0
}

async function recording(
  source: JournalSource,
  selection: Selection,
  json: boolean,
  ports: SessionsPorts,
  replay: Pace | undefined,
): Promise<number> {
  const colors = paint(ports.colored)
  const { columns } = ports.terminal
  const layout =
    replay === undefined ? new Timeline(colors, { columns }) : new SqlConsole(colors, { columns })
  const writer = json
    ? new JsonRecording(selection)
    : new TextRecording(selection, layout, colors, ports.terminal)
  const pace = replay ?? AT_ONCE
  await ports.out(writer.begin())
  for await (const entry of readEntries(source, selection)) {
    if ((await pace(timeOf(entry))) === 'stop') break
    await ports.out(writer.entry(entry))
  }
  await ports.out(writer.end())
  return 0
}

function timeOf(entry: Entry): number {
  switch (entry.kind) {
    case 'session':
      return entry.session.timeMs
    case 'call':
      return entry.decision.timeMs
    case 'access-request':
    case 'end':
      return entry.event.timeMs
    case 'outcome':
      return entry.outcome.timeMs
  }
}

/** `{"session":…,"entries":[…]}`, an entry a line, written as it is read. */
class JsonRecording {
  readonly #selection: Selection
  #separator = '\n'

  constructor(selection: Selection) {
    this.#selection = selection
  }

  begin(): string {
    const session = this.#selection === REFUSED ? null : this.#selection.sessionId
    return `{"session":${safeJson(session)},"entries":[`
  }

  entry(entry: Entry): string {
    const text = `${this.#separator}${safeJson(forJson(entry))}`
    this.#separator = ',\n'
    return text
  }

  end(): string {
    return '\n]}\n'
  }
}

/** The entry with its command line, which is how most people want to see it. */
export function forJson(entry: Entry): object {
  if (entry.kind !== 'call' || entry.decision.call === undefined || entry.decision.call.sql) return entry
  return { commandLine: commandLine(entry.decision.call), ...entry }
}

class TextRecording {
  readonly #title: string
  readonly #layout: Pick<Timeline, 'lines'>
  readonly #paint: Paint
  #allowed = 0
  #denied = 0
  #failed = 0
  #bytesIn = 0
  #bytesOut = 0
  #firstMs: number | undefined
  #lastMs = 0
  readonly #isSession: boolean
  readonly #nowMs: number
  #expiresAtMs: number | undefined
  #hasEnded = false
  #isRevoked = false

  constructor(
    selection: Selection,
    layout: Pick<Timeline, 'lines'>,
    colors: Paint,
    { now }: Pick<Terminal, 'now'>,
  ) {
    this.#isSession = selection !== REFUSED
    this.#nowMs = now()
    this.#title = selection === REFUSED ? `${colors.bold('Refused without a session')}\n` : ''
    this.#paint = colors
    this.#layout = layout
  }

  begin(): string {
    return this.#title
  }

  entry(entry: Entry): string {
    this.#count(entry)
    return `${this.#layout.lines(entry).join('\n')}\n`
  }

  end(): string {
    const span = duration(this.#lastMs - (this.#firstMs ?? this.#lastMs))
    const calls = this.#allowed + this.#denied
    const parts = [`${this.#allowed} allowed`, `${this.#denied} denied`]
    if (this.#failed > 0) parts.push(`${this.#failed} of the allowed failed`)
    const bytes = `${size(this.#bytesIn)} up, ${size(this.#bytesOut)} down`
    const isOpen = this.#isSession && !this.#hasEnded
    const unrecorded = isOpen ? `${unrecordedEnd(this.#expiresAtMs, this.#nowMs)}\n` : ''
    return `\n${this.#paint.bold(count(calls, 'call'))}: ${parts.join(', ')}; ${bytes}; ${span}\n${unrecorded}\n`
  }

  #count(entry: Entry): void {
    if (entry.kind === 'session') this.#expiresAtMs = entry.session.expiresAtMs
    // A session that was idle may go on; one that a person ended is only refused from then on.
    if (entry.kind === 'call' && !this.#isRevoked) this.#hasEnded = false
    if (entry.kind === 'end') {
      this.#hasEnded = true
      this.#isRevoked ||= entry.event.by !== undefined
    }
    if (entry.kind === 'end') return
    this.#firstMs ??= timeOf(entry)
    this.#lastMs = Math.max(this.#lastMs, timeOf(entry))
    if (entry.kind !== 'call' && entry.kind !== 'outcome') return
    const outcome = entry.kind === 'outcome' ? entry.outcome : outcomeOf(entry)
    if (outcome !== undefined) {
      this.#bytesIn += outcome.bytesIn
      this.#bytesOut += outcome.bytesOut
      this.#lastMs = Math.max(this.#lastMs, outcome.timeMs)
      if (hasFailed(outcome)) this.#failed++
    }
    if (entry.kind !== 'call') return
    if (entry.decision.effect === 'allow') this.#allowed++
    else this.#denied++
  }
}

type CallEntry = Extract<Entry, { kind: 'call' }>

function outcomeOf(
  entry: CallEntry,
): Extract<CallEntry['ending'], { kind: 'outcome' }>['outcome'] | undefined {
  return entry.ending.kind === 'outcome' ? entry.ending.outcome : undefined
}

/** Everything that is known of one call. */
function details({ decision, ending }: CallEntry, colors: Paint): string {
  const { call, target } = decision
  const rows: (readonly [string, string])[] = [
    ['session', decision.sessionId ?? 'none'],
    ...(decision.principal === undefined ? [] : whose(decision.principal)),
    ['from', decision.clientAddress],
    ['client', decision.userAgent ?? ''],
    ['decided', `${dateTime(decision.timeMs)} UTC`],
    ['request', target === undefined ? '' : `${target.method} ${target.path}`],
    ['redacted', call?.redacted.join(', ') ?? ''],
    ['normalized', call?.sql?.normalized ?? ''],
    ['fingerprint', call?.sql?.fingerprint ?? ''],
  ]
  const asked = (call?.pairs ?? []).map(({ action, resource, certainty }) => {
    return `  ${printable(`${action} on ${resource}`)}${certainty === 'any' ? ' (not known exactly)' : ''}`
  })
  const bodies = ending.kind === 'outcome' ? bodyLines(ending.outcome, 'call') : []
  const result = ending.kind === 'outcome' ? resultLines(ending.outcome, 'call') : []
  return `${[
    colors.bold(`Event ${printable(decision.id)}`),
    ...facts(rows),
    '',
    ...new Timeline(colors).call(decision, ending),
    ...(asked.length === 0 ? [] : ['', colors.dim('asked for'), ...asked]),
    ...(call === undefined ? [] : ['', colors.dim('parameters'), parameters(call)]),
    ...(result.length === 0 ? [] : ['', colors.dim('result'), ...result]),
    ...(bodies.length === 0 ? [] : ['', colors.dim('bodies'), ...bodies]),
  ].join('\n')}\n`
}

function parameters({ parameters: kept, leftOut }: RecordedCall): string {
  return leftOut === undefined ? safeJson(kept, 2) : 'left out, as `record.keep` says'
}
