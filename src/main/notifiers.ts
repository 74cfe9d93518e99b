import type { Callback } from '../api/callbacks.ts'
import type { ChannelConfig, Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { AccessRequest, Person } from '../grants/model.ts'
import type { Notifier } from '../notify/port.ts'
import { systemTimers } from '../notify/port.ts'
import { DeliveryPump } from '../notify/pump.ts'
import { Sender } from '../notify/send.ts'
import { WebhookNotifier } from '../notify/webhook.ts'
import type { OpenDesk } from './desk.ts'
import type { Log } from './log.ts'

/** What tells people, and what takes their answers. */
export interface Notifiers {
  /** Paths of the admin address that chats call. */
  readonly callbacks: ReadonlyMap<string, Callback>
  stop(): Promise<void>
}

/** Whether the control policies let a person answer a request. */
type MayAnswer = (person: Person, request: AccessRequest) => boolean

type SlackConfig = Extract<ChannelConfig, { kind: 'slack' }>

interface Shared {
  readonly config: Config
  readonly open: OpenDesk
  readonly sender: Sender
  readonly linkTo: (requestId: string) => string
  readonly mayAnswer: MayAnswer
  readonly note: (text: string, details: Readonly<Record<string, string | number>>) => void
}

/** One channel, and where its answers come in. */
interface Channel {
  readonly notifier: Notifier
  readonly callback?: readonly [path: string, callback: Callback]
  stop?(): Promise<void>
}

/** Starts to deliver what the store holds for the configured channels. */
export async function openNotifiers(
  config: Config,
  open: OpenDesk,
  { linkTo, mayAnswer }: Pick<Shared, 'linkTo' | 'mayAnswer'>,
  log: Log,
): Promise<Notifiers> {
  const note: Shared['note'] = (text, details) => log.warn(details, text)
  const shared: Shared = { config, open, sender: new Sender(), linkTo, mayAnswer, note }
  const channels = await Promise.all(config.notify.map(channel => openChannel(channel, shared)))
  const pump = new DeliveryPump(
    channels.map(({ notifier }) => notifier),
    {
      store: open.store,
      shown: (requestId, by) => open.desk.shown(requestId, by, by.replace(/^channel\//, '')),
      clock: systemClock,
      random: systemRandom,
      timers: systemTimers,
      note,
    },
  )
  pump.start()
  return {
    callbacks: new Map(channels.flatMap(({ callback }) => (callback === undefined ? [] : [callback]))),
    async stop() {
      await pump.stop()
      await Promise.all(channels.map(channel => channel.stop?.()))
      await shared.sender.close()
    },
  }
}

async function openChannel(channel: ChannelConfig, shared: Shared): Promise<Channel> {
  if (channel.kind === 'slack') return openSlack(channel, shared)
  const { sender, linkTo } = shared
  return { notifier: new WebhookNotifier(channel, { sender, clock: systemClock, linkTo }) }
}

/** Slack's client is loaded only where there is a channel for it. */
async function openSlack(
  channel: SlackConfig,
  { config, open, sender, linkTo, mayAnswer, note }: Shared,
): Promise<Channel> {
  const { SlackClient, SLACK_API_URL } = await import('../notify/slack-client.ts')
  const { SlackNotifier } = await import('../notify/slack.ts')
  const { SlackCallback } = await import('../notify/slack-callback.ts')
  const { name, token, signingSecret, people } = channel
  const apiUrl = channel.api ?? SLACK_API_URL
  const client = new SlackClient({ token, apiUrl }, sender)
  const notifier = new SlackNotifier({ name, channel: channel.channel }, { client, linkTo })
  const slack = new SlackCallback(
    { signingSecret, people, groupsForMs: config.approvals.groupsForMs, apiUrl },
    {
      desk: open.desk,
      store: open.store,
      client,
      notifier,
      sender,
      linkTo,
      mayAnswer,
      clock: systemClock,
      note,
    },
  )
  const callback: Callback = ({ headers, body }) =>
    slack.handle({ headers: Object.fromEntries(headers), body })
  return { notifier, callback: [`/v1/notify/slack/${name}`, callback], stop: () => slack.stop() }
}
