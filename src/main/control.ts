import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminPorts } from '../api/admin.ts'
import { mayDo } from '../api/authorize.ts'
import type { ControlPorts } from '../api/control.ts'
import type { Config } from '../config/model.ts'
import { systemClock } from '../core/clock.ts'
import type { Context } from '../core/decision.ts'
import { asGateError } from '../core/errors.ts'
import type { Person } from '../core/person.ts'
import type { SessionKills } from '../gateway/sessions/kills.ts'
import type { AccessRequest } from '../grants/model.ts'
import { People } from '../identity/people.ts'
import type { OpenDesk } from './desk.ts'
import type { Identities } from './identities.ts'
import { openAdminToken } from './keyring.ts'
import type { Links } from './links.ts'
import type { Log } from './log.ts'
import { openNotifiers } from './notifiers.ts'
import type { Policies } from './policies.ts'
import { standingAccess } from './standing-access.ts'

/** The people's side of the gate: one for each gate, however many workers it has. */
export interface Control {
  readonly control: ControlPorts
  readonly callbacks: NonNullable<AdminPorts['callbacks']>
  readonly names: readonly string[]
  stop(): Promise<void>
}

export interface PeopleFoundations {
  readonly open: OpenDesk
  readonly policies: Policies
  readonly identities: Identities
  readonly log: Log
  readonly links: Links
  readonly kills: SessionKills
}

/** An error for the operator's log. */
function troubleOf(error: unknown): { readonly code: string; readonly reason: string } {
  const { code, message } = asGateError(error)
  return { code, reason: message }
}

/** How often requests that are over are closed, and events that a process left behind are recorded, ms. */
const SWEEP_MS = 2_000

/** Builds the control API, and starts what tells people. Prints the administrator's token if it is new. */
export async function openControl(config: Config, foundations: PeopleFoundations): Promise<Control> {
  const { open, policies, identities, log, links, kills } = foundations
  const decide = policies.control && decideBy(policies.control, config)
  const chat = {
    linkTo: (id: string) => links.to(id),
    // A chat tells who it is, and neither a token with claims nor an address.
    mayAnswer: (person: Person, request: AccessRequest) =>
      (['gate:ReadRequest', 'gate:Approve'] as const).every(action =>
        mayDo({ bearer: { kind: 'person', person }, action, request, address: '' }, decide),
      ),
  }
  const notifiers = await openNotifiers(config, open, chat, log)
  const adminToken = openAdminToken(config)
  if (adminToken.fresh !== undefined) {
    // Once, and to whoever starts the gate: never into the log.
    process.stdout.write(`sallyport: administrator's token: ${adminToken.fresh.reveal()}\n`)
  }
  const sweeping = sweepEvery(open, log)
  return {
    control: {
      desk: open.desk,
      kill: order => kills.kill(order),
      clock: systemClock,
      people: new People({ issuers: identities.issuers, people: peopleIssuers(config), adminToken }),
      remember: (person, verifiedAtMs) => open.store.rememberPerson(person, verifiedAtMs),
      unexpected: (error, where) => log.error({ ...troubleOf(error), where }, 'the control API failed'),
      sleep: async (delayMs, signal) => {
        await sleep(delayMs, undefined, { signal, ref: false }).catch(ignoreAbort)
      },
      ...(decide === undefined ? {} : { decide }),
      standingAccess: async (bearer, ask, address) =>
        standingAccess(config, foundations, { bearer, ask, context: connection(address, config) }),
    },
    callbacks: notifiers.callbacks,
    names: adminNames(config),
    async stop() {
      sweeping.stop()
      await notifiers.stop()
    },
  }
}

/** What the wait ends with where its client has gone: it was to end. */
function ignoreAbort(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return
  throw error
}

function decideBy(
  control: NonNullable<Policies['control']>,
  config: Config,
): NonNullable<ControlPorts['decide']> {
  return (_person, action, resource, context) => {
    return control(action, resource, new Map([...context, ...connection(undefined, config)]))
  }
}

/** The condition keys of a call to the admin address. */
function connection(address: string | undefined, { tls }: Config): Context {
  const now = new Date(systemClock.now())
  const context = new Map<string, readonly string[]>([
    ['aws:currenttime', [now.toISOString()]],
    ['aws:epochtime', [String(Math.floor(now.getTime() / 1000))]],
    ['aws:securetransport', [String(tls !== undefined)]],
  ])
  if (address !== undefined && address !== '') context.set('aws:sourceip', [address])
  return context
}

/** Issuers that vouch for people. */
function peopleIssuers({ issuers }: Config): ConstructorParameters<typeof People>[0]['people'] {
  return new Map(
    issuers.flatMap(({ name, people }) => {
      if (people === undefined) return []
      const { groups, audience, name: nameClaim } = people
      return [
        [
          name,
          {
            groupsClaim: groups,
            ...(audience === undefined ? {} : { audience }),
            ...(nameClaim === undefined ? {} : { nameClaim }),
          },
        ] as const,
      ]
    }),
  )
}

/** What the admin address may be called by, beside its addresses. */
function adminNames({ admin, approvals }: Config): readonly string[] {
  const names = [admin.host.toLowerCase()]
  if (approvals.url !== undefined) names.push(new URL(approvals.url).hostname.toLowerCase())
  return names
}

/** Sweeps again and again; one that fails is told once, and the next one goes on. */
function sweepEvery({ desk }: OpenDesk, log: Log): { stop(): void } {
  let stopped = false
  let failing = false
  let timer: NodeJS.Timeout
  const sweep = async (): Promise<void> => {
    try {
      await desk.sweep()
      failing = false
    } catch (error) {
      if (!failing) log.error(troubleOf(error), 'access requests cannot be swept')
      failing = true
    }
    if (!stopped) timer = setTimeout(() => void sweep(), SWEEP_MS).unref()
  }
  timer = setTimeout(() => void sweep(), SWEEP_MS).unref()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
