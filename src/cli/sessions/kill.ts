import { parseArgs } from 'node:util'
import { isRequestId } from '../../contract/routes.ts'
import type { KillReply } from '../../contract/sessions.ts'
import { printable } from '../../record/shell.ts'
import { GateClient } from '../approvals/client.ts'
import { PLACE_OPTIONS, PLACE_USAGE, placeOptions, reasonOf, told, WrongUsage } from '../approvals/options.ts'
import { placeOf } from '../approvals/place.ts'
import type { ApprovalsPorts } from '../approvals/ports.ts'
import { dateTime, safeJson } from './format.ts'
import { paint } from './paint.ts'

const USAGE = `usage: sallyport sessions kill SESSION --reason TEXT [options]
       sallyport sessions kill --principal ISSUER/SUBJECT | --role ARN --reason TEXT [--yes] [options]

Ends a session, or every session of a principal or a role that was issued until now, with those that were chained from
it: from then on no call of it passes, in no worker and no replica, and calls on their way are cut off. New sessions may
begin, where the trust policies let them. --principal and --role ask first; --yes does not, and is needed without a
terminal.

${PLACE_USAGE}`

/** What is to be ended. */
type Target =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'principal' | 'role'; readonly of: string; readonly yes: boolean }

/** `sallyport sessions kill SESSION --reason TEXT` */
export function kill(args: readonly string[], ports: ApprovalsPorts): Promise<number> {
  return told(USAGE, args, ports, async () => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const target = targetOf(values, positionals)
    const reason = reasonOf(values.reason)
    if (!(await agreed(target, ports))) {
      ports.err('sallyport: nothing was done\n')
      return 1
    }
    const client = new GateClient(await placeOf(placeOptions(values), ports), ports)
    const reply =
      target.kind === 'session'
        ? await client.killSession(target.id, { reason })
        : await client.killSessions({ [target.kind]: target.of, reason })
    await ports.out(values.json ? `${safeJson(reply, 2)}\n` : `${outcome(reply, ports.colored)}\n`)
    return 0
  })
}

const OPTIONS = {
  ...PLACE_OPTIONS,
  principal: { type: 'string' },
  role: { type: 'string' },
  reason: { type: 'string' },
  yes: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

function targetOf({ principal, role, yes = false }: Values, positionals: readonly string[]): Target {
  const [id, ...more] = positionals
  const named = [id, principal, role].filter(each => each !== undefined)
  if (more.length > 0 || named.length !== 1) {
    throw new WrongUsage('give the id of one session, or --principal, or --role')
  }
  if (principal !== undefined) return { kind: 'principal', of: principal, yes }
  if (role !== undefined) return { kind: 'role', of: role, yes }
  if (id === undefined || !isRequestId(id)) throw new WrongUsage(`\`${id}\` is no id of a session`)
  return { kind: 'session', id }
}

/** One session is named by its very id; whoever names more of them is asked. */
async function agreed(target: Target, ports: ApprovalsPorts): Promise<boolean> {
  if (target.kind === 'session' || target.yes) return true
  if (ports.ask === undefined) throw new WrongUsage('there is no terminal to ask on: say --yes')
  const answer = await ports.ask(`End every session of the ${target.kind} ${printable(target.of)}? [y/N] `)
  return /^\s*y(es)?\s*$/i.test(answer)
}

function outcome({ kind, of, issuedUntilMs }: KillReply, colored: boolean): string {
  const { bad } = paint(colored)
  if (kind === 'session') return `${bad('ended')} ${printable(of)}`
  const until = `${dateTime(issuedUntilMs)} UTC`
  return `${bad('ended')} every session of the ${kind} ${printable(of)} that was issued until ${until}`
}
