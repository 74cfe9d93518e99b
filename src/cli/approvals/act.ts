import type { ApproveBody, RequestView } from '../../contract/approvals.ts'
import { printable } from '../../record/shell.ts'
import { dateTime, safeJson } from '../sessions/format.ts'
import { type Paint, paint } from '../sessions/paint.ts'
import type { GateClient } from './client.ts'
import type { ApprovalsPorts } from './ports.ts'
import { details } from './show.ts'
import { usesOf } from './words.ts'

/** What is to be done with a request. */
export type Act =
  | { readonly kind: 'approve'; readonly body: ApproveBody }
  | { readonly kind: 'deny' | 'revoke'; readonly reason: string }

export interface ActOptions {
  readonly id: string
  /** Do not ask. */
  readonly yes: boolean
  readonly json: boolean
}

/** `sallyport approvals approve | deny | revoke ID`. 1 where the person, asked, thought better of it. */
export async function act(
  client: GateClient,
  act: Act,
  { id, yes, json }: ActOptions,
  ports: ApprovalsPorts,
): Promise<number> {
  if (!yes && !(await agreed(await client.get(id), act, ports))) {
    ports.err('sallyport: nothing was done\n')
    return 1
  }
  const after =
    act.kind === 'approve'
      ? await client.approve(id, act.body)
      : await client.end(act.kind, id, { reason: act.reason })
  await ports.out(json ? `${safeJson(after, 2)}\n` : outcome(after, act, paint(ports.colored)))
  return 0
}

/** Shows the whole of it on the error stream, so that `--json` stays JSON, and asks. */
async function agreed(request: RequestView, act: Act, ports: ApprovalsPorts): Promise<boolean> {
  // Without a terminal the command line was refused; without an answer nothing is agreed.
  if (ports.ask === undefined) return false
  ports.err(details(request, ports.clock.now(), paint(ports.colored)))
  const answer = await ports.ask(`\n${QUESTIONS[act.kind]} [y/N] `)
  return /^\s*y(es)?\s*$/i.test(answer)
}

const QUESTIONS = {
  approve: 'Approve this?',
  deny: 'Deny this?',
  revoke: 'Revoke this?',
} as const

function outcome(after: RequestView, { kind }: Act, colors: Paint): string {
  const id = printable(after.id)
  if (kind === 'deny') return `${colors.bad('denied')} ${id}\n`
  if (kind === 'revoke') return `${colors.bad('revoked')} ${id}\n`
  const { grant } = after
  if (grant !== undefined) {
    return `${colors.good('approved')} ${id}: ${usesOf(grant.uses)} until ${dateTime(grant.expiresAtMs)} UTC\n`
  }
  const missing = after.demands
    .filter(({ approvals, count }) => approvals < count)
    .map(({ approvals, count, from }) => `${count - approvals} more of ${from.join(' or ')}`)
  return `your approval of ${id} counts; it needs ${printable(missing.join(', and '))}\n`
}
