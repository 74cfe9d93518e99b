import type { RequestStateView, RequestView } from '../../contract/approvals.ts'
import { printable } from '../../record/shell.ts'
import { duration } from '../sessions/format.ts'
import type { Paint } from '../sessions/paint.ts'

/** `agent-7 for dana@example.com`: who asks, and whom it acts for. Printable. */
export function who({ requester }: RequestView): string {
  const chain = requester.actingFor.length === 0 ? '' : ` for ${requester.actingFor.join(', for ')}`
  return printable(`${requester.subject}${chain}`)
}

/** `role/agent in 111122223333`. Printable. */
export function roleName({ role }: RequestView): string {
  const name = role.arn.split(':').slice(5).join(':')
  return printable(name === '' ? role.arn : `${name} in ${role.account}`)
}

/** The command line, or the scope, whole. Printable. */
export function what({ call, scope }: RequestView): string {
  if (call !== undefined) return printable(call.commandLine)
  const actions = scope?.actions.join(' ') ?? ''
  return printable(`standing access: ${actions} on ${scope?.resources.join(' ') ?? ''}`)
}

/** Text for a cell of a table, cut between characters. */
export function short(text: string, chars: number): string {
  if (text.length <= chars) return text
  return `${[...text.slice(0, chars)].slice(0, chars - 1).join('')}…`
}

/** What a state is to the one who looks: open questions stand out. */
export function painted(state: RequestStateView, paint: Paint, text: string = state): string {
  switch (state) {
    case 'pending':
      return paint.warn(text)
    case 'approved':
      return paint.good(text)
    case 'denied':
    case 'revoked':
      return paint.bad(text)
    default:
      return paint.dim(text)
  }
}

/** `3 uses`, or `any number of uses` within the time. */
export function usesOf(uses: number | undefined): string {
  if (uses === undefined) return 'any number of uses'
  return `${uses} ${uses === 1 ? 'use' : 'uses'}`
}

/** `15 min`, `2 h 5 min`: without the parts that are nothing. */
export function span(durationMs: number): string {
  return duration(durationMs)
    .replace(/ 0 (s|min)$/, '')
    .replace(/^(\d+)\.0 s$/, '$1 s')
}
