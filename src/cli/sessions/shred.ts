import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { openIndex } from '../../record/index/index.ts'
import { type JournalSource, readJournal } from '../../record/read.ts'
import { isHeld } from '../../record/retention/holds.ts'
import { type ShredOrder, type ShredReport, shred } from '../../record/seal/shred.ts'
import { printable } from '../../record/shell.ts'
import { count, safeJson } from './format.ts'
import { type DataPlace, explain, openSource } from './open.ts'
import { readOptions } from './options.ts'
import { paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions shred SESSION --reason TEXT --yes [--by NAME] [--json] [--config FILE | --data FOLDER]
       sallyport sessions shred --tenant NAME --reason TEXT --yes …

  Makes what was recorded of one session, or of all sessions of a tenant, unreadable for good: its keys are overwritten,
  and what is sealed with them stays, so that the journal still verifies. Works beside a gate that runs.

  --reason TEXT  why; it is recorded
  --by NAME      who does it, as it is recorded; otherwise the user of the operating system
  --yes          there is no way back

  Exit code 0: shredded; 1: it could not be, or the session is on legal hold; 2: wrong usage.
`

/** Longest reason and longest name, in characters. */
const MAX_WORDS = 1_000

interface Asked {
  readonly order: Pick<ShredOrder, 'what' | 'of' | 'reason'> & { readonly by: string | undefined }
  readonly place: DataPlace
  readonly json: boolean
}

/** What is still there when the keys are gone. */
interface Left {
  /** Events of the session that were recorded in the clear, before there was encryption. */
  readonly clearEvents: number | undefined
  readonly index: 'clean' | 'busy'
}

/** `sallyport sessions shred`: overwrites the keys of a session or of a tenant, and says what is left. */
export async function shredCommand(args: readonly string[], ports: SessionsPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const asked = parse(args)
  if (typeof asked === 'string' || ports.operator === undefined) {
    ports.err(
      `sallyport: ${printable(typeof asked === 'string' ? asked : 'nobody can shred here')}\n\n${USAGE}`,
    )
    return 2
  }
  try {
    const { keys: _, ...source } = await openSource(asked.place, ports)
    const { user, newId, now } = ports.operator
    const order = { ...asked.order, by: asked.order.by ?? user(), id: newId(), timeMs: now() }
    const report = await shred({ ...source, isHeld: session => isHeld(source, session) }, order)
    const left = {
      clearEvents: await clearEvents(source, order),
      index: await cleanIndex(source, asked, report, ports),
    }
    const { id, what, of } = order
    await ports.out(
      asked.json
        ? `${safeJson({ id, what, of, ...report, ...left }, 2)}\n`
        : text(order, report, left, ports.colored),
    )
    return left.index === 'clean' ? 0 : 1
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function parse(args: readonly string[]): Asked | string {
  const options = readOptions(args, { tenant: 'text', reason: 'text', by: 'text', yes: 'flag' })
  if (typeof options === 'string') return options
  const { texts, flags, words, place } = options
  const tenant = texts.get('tenant')
  const [session, ...more] = words
  if ((session === undefined) === (tenant === undefined) || more.length > 0) {
    return '`sessions shred` takes the id of one session, or `--tenant NAME`'
  }
  const reason = texts.get('reason') ?? ''
  const by = texts.get('by')
  if (reason === '') return '`sessions shred` takes `--reason TEXT`'
  if (reason.length > MAX_WORDS || (by ?? '').length > MAX_WORDS) {
    return `--reason and --by take at most ${MAX_WORDS} characters`
  }
  if (!flags.has('yes')) return 'what is shredded is gone for good: say `--yes`'
  const what = tenant === undefined ? ('session' as const) : ('tenant' as const)
  return { order: { what, of: tenant ?? session ?? '', reason, by }, place, json: flags.has('json') }
}

/** Events of the session that no key keeps from anybody; undefined for a tenant: what is in the clear names none. */
async function clearEvents(source: JournalSource, { what, of }: ShredOrder): Promise<number | undefined> {
  if (what === 'tenant') return undefined
  const needle = Buffer.from(`"sessionId":${JSON.stringify(of)}`)
  let events = 0
  for await (const { event } of readJournal(source, payload => payload.includes(needle))) {
    if (event.sessionId === of && event.sealed !== true && event.type !== 'session-end') events++
  }
  return events
}

/** An index has values of what was shredded: they go, and the next search makes anew what is missing. */
async function cleanIndex(
  source: JournalSource,
  { order, place }: Asked,
  { sessions }: ShredReport,
  ports: SessionsPorts,
): Promise<Left['index']> {
  if (ports.index === undefined) return 'clean'
  const { random } = ports.index
  const key = await ports.index.key(place).catch(unlessSealed)
  const index = openIndex({ source, folder: join(source.folder, '..', 'index'), random, ...(key && { key }) })
  try {
    // What a tenant did in no session cannot be told from others' in an index that cannot be read by tenant.
    if (order.what === 'session' && key !== undefined) await index.forgetSessions(sessions)
    else await index.clear()
    return 'clean'
  } catch (error) {
    if (error instanceof GateError && error.code === 'index-busy') return 'busy'
    throw error
  }
}

/** Without the master key nothing of the index is read: it goes as a whole. */
function unlessSealed(error: unknown): undefined {
  if (error instanceof GateError && error.code === 'master-key-unavailable') return undefined
  throw error
}

function text(order: ShredOrder, report: ShredReport, left: Left, colored: boolean): string {
  const { good, warn } = paint(colored)
  const whose = `${order.what} ${printable(order.of)}`
  const done =
    report.shredded === 0
      ? `nothing was left to shred of ${whose}: ${count(report.before, 'key')} gone before`
      : good(`shredded: ${whose}, ${count(report.shredded, 'key')}${sessionsOf(order, report)}`)
  const lines = [
    done,
    `recorded as event ${order.id}; the journal still verifies`,
    '',
    'what is left:',
    '  - a gate that runs has the keys in memory until it ends; what it records of this until then is unreadable, too',
    '  - copies of `data/journal/keys` in backups open what they were made for: destroy them',
    '  - what was exported or streamed was never sealed by these keys',
  ]
  if ((left.clearEvents ?? 0) > 0) {
    const events = count(left.clearEvents ?? 0, 'event')
    lines.push(
      warn(`  - ${events} recorded in the clear, before there was encryption: they can still be read`),
    )
  }
  if (left.index === 'busy') {
    lines.push(warn('  - the index, which another command keeps now: say this again when it has ended'))
  }
  return `${lines.join('\n')}\n`
}

function sessionsOf({ what }: ShredOrder, { sessions }: ShredReport): string {
  return what === 'tenant' ? ` of ${count(sessions.length, 'session')}` : ''
}
