import { parseArgs } from 'node:util'
import { API_LIMITS, type AskBody, type RequestView } from '../contract/approvals.ts'
import { printable } from '../record/shell.ts'
import { GateClient } from './approvals/client.ts'
import {
  countOf,
  durationOf,
  PLACE_OPTIONS,
  PLACE_USAGE,
  placeOptions,
  reasonOf,
  told,
  WrongUsage,
} from './approvals/options.ts'
import { placeOf } from './approvals/place.ts'
import type { ApprovalsPorts } from './approvals/ports.ts'
import { painted, usesOf, what } from './approvals/words.ts'
import { dateTime, safeJson } from './sessions/format.ts'
import { paint } from './sessions/paint.ts'

const USAGE = `usage: sallyport request --role ROLE --for TIME --reason TEXT [options]

Asks ahead of time for standing access: for whatever the role's policies would ask about, or for a part of it.

  --role ROLE        ARN or name of a role of the gate
  --for TIME         how long it is wanted: 30m, 1h
  --reason TEXT      why: approvers read it
  --action PATTERN   an IAM action, as \`ec2:*\`; may be given again
  --resource ARN     a pattern of resources; may be given again
  --uses N           how many calls; without it, as many as the time allows
  --wait             waits for the answer; exit code 1 where it is no

${PLACE_USAGE}`

/** A gate that does not wait is not asked without a pause. */
const PAUSE_MS = 1_000

const OPTIONS = {
  ...PLACE_OPTIONS,
  role: { type: 'string' },
  for: { type: 'string' },
  reason: { type: 'string' },
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  uses: { type: 'string' },
  wait: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** `sallyport request`: standing access. */
export function request(args: readonly string[], ports: ApprovalsPorts): Promise<number> {
  return told(USAGE, args, ports, async () => {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const body = askBody(values)
    const client = new GateClient(await placeOf(placeOptions(values), ports), ports)
    const asked = await client.ask(body)
    const json = values.json ?? false
    if (!json) await ports.out(`asked: ${printable(asked.id)}, ${what(asked)}\n`)
    const answered = values.wait ? await answerTo(client, asked, ports) : asked
    await ports.out(json ? `${safeJson(answered, 2)}\n` : standing(answered, ports.colored))
    // Without --wait, to have asked is to be done.
    return values.wait && answered.state !== 'approved' ? 1 : 0
  })
}

function askBody(values: Values): AskBody {
  if (values.role === undefined) throw new WrongUsage('say which role: --role ROLE')
  const forMs = durationOf('--for', values.for)
  if (forMs === undefined) throw new WrongUsage('say for how long: --for TIME')
  const uses = countOf('--uses', values.uses)
  return {
    role: values.role,
    forMs,
    reason: reasonOf(values.reason),
    ...(values.action && { actions: values.action }),
    ...(values.resource && { resources: values.resource }),
    ...(uses !== undefined && { uses }),
  }
}

/** The request once it waits no longer, or as it stood when the user stopped. */
async function answerTo(client: GateClient, asked: RequestView, ports: ApprovalsPorts): Promise<RequestView> {
  let last = asked
  while (last.state === 'pending' && !ports.stopped.aborted) {
    const askedMs = ports.clock.now()
    const next = await changed(client, last, ports)
    if (next.version === last.version && ports.clock.now() - askedMs < PAUSE_MS) await ports.sleep(PAUSE_MS)
    last = next
  }
  return last
}

/** The next version; the same one, where the time was over or the user has stopped. */
async function changed(client: GateClient, last: RequestView, ports: ApprovalsPorts): Promise<RequestView> {
  try {
    return await client.get(last.id, { seconds: API_LIMITS.waitS, since: last.version })
  } catch (error) {
    if (ports.stopped.aborted) return last
    throw error
  }
}

function standing(request: RequestView, colored: boolean): string {
  const { state, grant, ended, id } = request
  const shown = painted(state, paint(colored), printable(state))
  if (grant !== undefined && state === 'approved') {
    return `${shown}: ${usesOf(grant.usesLeft)} until ${dateTime(grant.expiresAtMs)} UTC\n`
  }
  if (state === 'pending') return `${shown}: see \`sallyport approvals show ${printable(id)}\`\n`
  const why = ended?.reason === undefined ? '' : `: ${ended.reason}`
  return `${shown}${ended === undefined ? '' : printable(` by ${ended.name}${why}`)}\n`
}
