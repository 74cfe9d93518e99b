import {
  type Logger,
  LogLevel,
  type View,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from '@slack/web-api'
import type { Redacted } from '../core/redacted.ts'
import { DeliveryFailure } from './port.ts'
import { LONGEST_RETRY_AFTER_MS } from './schedule.ts'
import type { Sender } from './send.ts'
import type { SlackMessage } from './slack-message.ts'

export const SLACK_API_URL = 'https://slack.com/api/'

export interface SlackClientSettings {
  /** A bot token, `xoxb-…`, with the scope `chat:write`. */
  readonly token: Redacted
  /** `SLACK_API_URL`, but for tests. */
  readonly apiUrl: string
}

/** The three calls of Slack's Web API that the gate makes. All reject with a `DeliveryFailure`. */
export class SlackClient {
  readonly #client: WebClient

  constructor({ token, apiUrl }: SlackClientSettings, sender: Sender) {
    // Without the token: the package would keep it in a member that anything could print.
    this.#client = new WebClient(undefined, {
      slackApiUrl: apiUrl,
      allowAbsoluteUrls: false,
      // The pump tries again, by a schedule that outlives the process.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: 10_000,
      logger: SILENT,
      fetch: (url, init) => fetchBy(sender, token, url, init ?? {}),
    })
  }

  /** Gives the message's timestamp, which is its id in the channel. */
  async post(channel: string, message: SlackMessage): Promise<{ ts: string; channel: string }> {
    const reply = await answered(
      this.#client.chat.postMessage({
        channel,
        ...message,
        // Nothing in the text is made a link, a name or a preview of somebody's page.
        parse: 'none',
        link_names: false,
        unfurl_links: false,
        unfurl_media: false,
      }),
    )
    if (reply.ts === undefined || reply.channel === undefined) {
      throw new DeliveryFailure('slack did not say where the message is')
    }
    return { ts: reply.ts, channel: reply.channel }
  }

  /** False where there is no such message any more. */
  async update(channel: string, ts: string, message: SlackMessage): Promise<boolean> {
    const update = { channel, ts, ...message, parse: 'none' as const, link_names: false }
    try {
      await this.#client.chat.update(update)
      return true
    } catch (error) {
      if (error instanceof WebAPIPlatformError && MESSAGE_GONE.has(error.data.error)) return false
      throw asFailure(error)
    }
  }

  /** `triggerId` is of a click, and lasts three seconds. */
  async openView(triggerId: string, view: View): Promise<void> {
    await answered(this.#client.views.open({ trigger_id: triggerId, view }))
  }
}

const MESSAGE_GONE: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
])

/** https://docs.slack.dev/reference/methods/chat.postMessage: what no other try will change. */
const NEVER: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_arguments',
  'msg_too_long',
  'msg_blocks_too_long',
  'no_text',
])

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw asFailure(error)
  }
}

/** The error of the package, without any text that came from outside but Slack's own error words. */
function asFailure(error: unknown): DeliveryFailure {
  if (error instanceof DeliveryFailure) return error
  if (error instanceof WebAPIRateLimitedError) {
    const askedMs = Math.min(Math.max(error.retryAfter, 1) * 1000, LONGEST_RETRY_AFTER_MS)
    return new DeliveryFailure('slack wants fewer messages', 'again', askedMs)
  }
  if (error instanceof WebAPIPlatformError) {
    const word = /^[a-z0-9_]{1,64}$/.test(error.data.error) ? error.data.error : 'something unclear'
    return new DeliveryFailure(`slack answered \`${word}\``, NEVER.has(word) ? 'never' : 'again')
  }
  if (error instanceof WebAPIHTTPError)
    return new DeliveryFailure(`slack answered status ${error.statusCode}`)
  if (error instanceof WebAPIRequestError && error.original instanceof DeliveryFailure) return error.original
  return new DeliveryFailure('slack did not answer')
}

type Fetch = NonNullable<NonNullable<ConstructorParameters<typeof WebClient>[1]>['fetch']>

/** `fetch` for the package, by the gate's own sender: with its time-outs and limits, and no redirect followed. */
async function fetchBy(
  sender: Sender,
  token: Redacted,
  url: Parameters<Fetch>[0],
  { headers = {}, body, signal }: NonNullable<Parameters<Fetch>[1]>,
): ReturnType<Fetch> {
  if (typeof body !== 'string') throw new DeliveryFailure('a message to slack has no text')
  const target = new URL(url)
  const reply = await sender.post(
    {
      url: target,
      headers: { ...headers, authorization: `Bearer ${token.reveal()}` },
      body,
      wantsText: true,
    },
    signal ?? new AbortController().signal,
  )
  return {
    ok: reply.status >= 200 && reply.status < 300,
    status: reply.status,
    statusText: '',
    url: target.href,
    headers: {
      get: name => reply.headers[name.toLowerCase()] ?? null,
      entries: () => Object.entries(reply.headers),
    },
    arrayBuffer: async () => new TextEncoder().encode(reply.text).buffer,
    json: async () => JSON.parse(reply.text) as unknown,
    text: async () => reply.text,
  }
}

/** The package would write what it sends and receives; whatever matters comes as an error. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
}
