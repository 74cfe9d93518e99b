import type { ListQuery, RequestView } from '../../contract/approvals.ts'
import { API_LIMITS } from '../../contract/approvals.ts'
import { GateError } from '../../core/errors.ts'
import { printable } from '../../record/shell.ts'
import { safeJson, table } from '../sessions/format.ts'
import { paint } from '../sessions/paint.ts'
import type { GateClient } from './client.ts'
import type { ApprovalsPorts } from './ports.ts'
import { painted, roleName, short, span, what, who } from './words.ts'

const HEADINGS = ['ID', 'AGE', 'STATE', 'WHO', 'ROLE', 'WHAT']
/** What is longer says nothing at a glance; `show` has the whole. */
const WHO_CHARS = 48
const WHAT_CHARS = 100
const RIGHT: ReadonlySet<number> = new Set([1])
/** After a gate that did not answer, for `--watch`; doubled each time, up to the longest. */
const AGAIN_MS = 1_000
const LONGEST_AGAIN_MS = 30_000

export interface ListOptions {
  readonly query: Pick<ListQuery, 'states' | 'role'>
  /** Most requests that are shown. */
  readonly limit: number
  readonly json: boolean
}

/** `sallyport approvals list`: newest first, one line a request. */
export async function list(client: GateClient, options: ListOptions, ports: ApprovalsPorts): Promise<number> {
  const { requests } = await firstOf(client, options)
  if (options.json) await ports.out(`${safeJson({ requests }, 2)}\n`)
  else await ports.out(requests.length === 0 ? 'there are no such requests\n' : rows(requests, ports, true))
  return 0
}

/**
 * `sallyport approvals list --watch`: then each request that is new, or in a new state, until it is stopped. A
 * gate that does not answer for a while is asked again.
 */
export async function watch(
  client: GateClient,
  options: ListOptions,
  ports: ApprovalsPorts,
): Promise<number> {
  const states = new Map<string, string>()
  let cursor: string | undefined
  let pauseMs = AGAIN_MS
  while (!ports.stopped.aborted) {
    const askedMs = ports.clock.now()
    try {
      const reply = await firstOf(client, options, cursor)
      const first = cursor === undefined
      const news = reply.requests.filter(({ id, state }) => {
        // Of what there was before, only the open questions: unless the states were named.
        return first && options.query.states === undefined ? state === 'pending' : states.get(id) !== state
      })
      await tell(news.toReversed(), first, options.json, ports)
      // Of what has left the list nothing more is told, so it need not be remembered.
      states.clear()
      for (const { id, state } of reply.requests) states.set(id, state)
      // A gate that does not wait must not be asked without a pause.
      if (cursor === reply.cursor && ports.clock.now() - askedMs < AGAIN_MS) await ports.sleep(AGAIN_MS)
      cursor = reply.cursor
      pauseMs = AGAIN_MS
    } catch (error) {
      if (ports.stopped.aborted) break
      if (!(error instanceof GateError) || error.code !== 'gate-unreachable') throw error
      if (pauseMs === AGAIN_MS) ports.err('sallyport: the gate does not answer; trying again\n')
      await ports.sleep(pauseMs)
      pauseMs = Math.min(2 * pauseMs, LONGEST_AGAIN_MS)
    }
  }
  return 0
}

async function tell(
  news: readonly RequestView[],
  first: boolean,
  json: boolean,
  ports: ApprovalsPorts,
): Promise<void> {
  if (json) for (const request of news) await ports.out(`${safeJson(request)}\n`)
  else if (news.length > 0 || first) await ports.out(rows(news, ports, first))
}

/** The first page, and as many more as it takes. With a cursor: once the answer is another. */
async function firstOf(
  client: GateClient,
  { query, limit }: ListOptions,
  since?: string,
): Promise<{ readonly requests: readonly RequestView[]; readonly cursor: string }> {
  const size = (left: number): number => Math.min(left, API_LIMITS.list)
  const wait = since === undefined ? {} : { waitS: API_LIMITS.waitS, since }
  const first = await client.list({ ...query, ...wait, limit: size(limit) })
  const requests = [...first.requests]
  let next = first.next
  while (next !== undefined && requests.length < limit) {
    const page = await client.list({ ...query, before: next, limit: size(limit - requests.length) })
    requests.push(...page.requests)
    next = page.requests.length === 0 ? undefined : page.next
  }
  return { requests, cursor: first.cursor }
}

function rows(requests: readonly RequestView[], ports: ApprovalsPorts, headed: boolean): string {
  const colors = paint(ports.colored)
  const nowMs = ports.clock.now()
  const cells = requests.map(request => [
    printable(request.id),
    span(nowMs - request.askedAtMs),
    printable(request.state),
    short(who(request), WHO_CHARS),
    short(roleName(request), WHO_CHARS),
    `${request.brokeGlass ? 'BROKE GLASS: ' : ''}${short(what(request), WHAT_CHARS)}`,
  ])
  const [headings = '', ...lines] = table([HEADINGS, ...cells], RIGHT)
  const shown = lines.map((line, index) => {
    const state = requests[index]?.state ?? 'pending'
    return line.replace(`  ${state} `, `  ${painted(state, colors)} `)
  })
  return [...(headed ? [colors.dim(headings)] : []), ...shown, ''].join('\n')
}
