import { parseArgs } from 'node:util'
import { type ApproveBody, REQUEST_STATES, type RequestStateView } from '../contract/approvals.ts'
import { isRequestId } from '../contract/routes.ts'
import { type Act, act } from './approvals/act.ts'
import { GateClient } from './approvals/client.ts'
import { type ListOptions, list, watch } from './approvals/list.ts'
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
import { details } from './approvals/show.ts'
import { safeJson } from './sessions/format.ts'
import { paint } from './sessions/paint.ts'

export type { ApprovalsPorts } from './approvals/ports.ts'

const USAGE = `usage: sallyport approvals COMMAND [options]

  list         access requests that wait or stand, newest first: --state STATE,… or --all for others, --role ARN,
               --limit N; --watch prints what comes, until it is stopped
  show ID      all of one: who asks, for what exactly, who must approve, and what is left of its grant
  approve ID   lets that very call pass: --uses N and --for 10m allow less than was asked, --comment TEXT
  deny ID      --reason TEXT, which the one who asked reads
  revoke ID    ends a grant, or takes a request back: --reason TEXT

approve, deny and revoke show the request and ask; --yes does not ask, and is needed without a terminal.

${PLACE_USAGE}`

const DEFAULT_STATES: readonly RequestStateView[] = ['pending', 'approved']
const DEFAULT_LIMIT = 50
const MOST_LISTED = 10_000

/** `sallyport approvals list | show ID | approve ID | deny ID | revoke ID`. */
export function approvals(args: readonly string[], ports: ApprovalsPorts): Promise<number> {
  return told(USAGE, args, ports, async () => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const command = commandOf(positionals, values, ports)
    const client = new GateClient(await placeOf(placeOptions(values), ports), ports)
    return command(client)
  })
}

const OPTIONS = {
  ...PLACE_OPTIONS,
  state: { type: 'string' },
  all: { type: 'boolean' },
  role: { type: 'string' },
  limit: { type: 'string' },
  watch: { type: 'boolean' },
  uses: { type: 'string' },
  for: { type: 'string' },
  comment: { type: 'string' },
  reason: { type: 'string' },
  yes: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** Options of one command alone. */
const OWN: Readonly<Record<string, readonly (keyof Values)[]>> = {
  list: ['state', 'all', 'role', 'limit', 'watch'],
  show: [],
  approve: ['uses', 'for', 'comment', 'yes'],
  deny: ['reason', 'yes'],
  revoke: ['reason', 'yes'],
}

/** What the command line asks for. Throws `WrongUsage`. */
function commandOf(
  positionals: readonly string[],
  values: Values,
  ports: ApprovalsPorts,
): (client: GateClient) => Promise<number> {
  const [command = '', id, ...more] = positionals
  const own = Object.hasOwn(OWN, command) ? OWN[command] : undefined
  if (own === undefined) throw new WrongUsage(`there is no command \`approvals ${command}\``)
  for (const option of Object.keys(values) as (keyof Values)[]) {
    if (!(option in PLACE_OPTIONS) && !own.includes(option)) {
      throw new WrongUsage(`--${option} is not for \`approvals ${command}\``)
    }
  }
  const json = values.json ?? false
  if (command === 'list') {
    if (id !== undefined) throw new WrongUsage('`approvals list` takes no id')
    const options = listOptions(values, json)
    return client => (values.watch ? watch(client, options, ports) : list(client, options, ports))
  }
  if (id === undefined || more.length > 0) throw new WrongUsage(`\`approvals ${command}\` takes one id`)
  if (!isRequestId(id)) throw new WrongUsage(`\`${id}\` is no number of an access request`)
  if (command === 'show') return client => show(client, id, json, ports)
  const yes = values.yes ?? false
  if (!yes && ports.ask === undefined) throw new WrongUsage('there is no terminal to ask on: say --yes')
  const what = actOf(command, values)
  return client => act(client, what, { id, yes, json }, ports)
}

function listOptions(values: Values, json: boolean): ListOptions {
  if (values.all && values.state !== undefined) throw new WrongUsage('give --all or --state, not both')
  const states = statesOf(values.state) ?? (values.all || values.watch ? undefined : DEFAULT_STATES)
  return {
    query: { ...(states && { states }), ...(values.role !== undefined && { role: values.role }) },
    limit: countOf('--limit', values.limit, MOST_LISTED) ?? DEFAULT_LIMIT,
    json,
  }
}

function statesOf(text: string | undefined): readonly RequestStateView[] | undefined {
  return text?.split(',').map(word => {
    const state = REQUEST_STATES.find(known => known === word)
    if (state === undefined)
      throw new WrongUsage(`--state takes ${REQUEST_STATES.join(', ')}, not \`${word}\``)
    return state
  })
}

function actOf(command: string, values: Values): Act {
  if (command === 'deny' || command === 'revoke') return { kind: command, reason: reasonOf(values.reason) }
  const uses = countOf('--uses', values.uses)
  const validForMs = durationOf('--for', values.for)
  const body: ApproveBody = {
    ...(uses !== undefined && { uses }),
    ...(validForMs !== undefined && { validForMs }),
    ...(values.comment !== undefined && { comment: values.comment }),
  }
  return { kind: 'approve', body }
}

async function show(client: GateClient, id: string, json: boolean, ports: ApprovalsPorts): Promise<number> {
  const request = await client.get(id)
  await ports.out(
    json ? `${safeJson(request, 2)}\n` : details(request, ports.clock.now(), paint(ports.colored)),
  )
  return 0
}
