import type { AccessRequest, RequestEventKind } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'
import { DeliveryFailure, type Notifier } from './port.ts'
import type { SlackClient } from './slack-client.ts'
import { type SlackMessage, slackMessage } from './slack-message.ts'

/** Messages that the process knows the place of. */
const MOST_REMEMBERED = 10_000

export interface SlackSettings {
  readonly name: string
  /** Id of the conversation, `C…`: the app must have been invited to it. */
  readonly channel: string
}

export interface SlackPorts {
  readonly client: SlackClient
  readonly linkTo: (requestId: string) => string | undefined
}

/** Where a message is. */
export interface SlackPlace {
  readonly channel: string
  readonly ts: string
}

/** What is not worth a message of its own, where the first one cannot be found again. */
const QUIET: ReadonlySet<RequestEventKind> = new Set(['shown', 'spent', 'expired'])

/**
 * One message for a request, written anew with each event: it shows the request as it stands.
 *
 * Where the message is, is known to the process that posted it, or in which it was clicked, and to no other; to
 * search for it would need the right to read the whole channel, which a gate shall not have. So after a restart,
 * or from another replica, an event that matters is a message of its own, which says everything by itself. The
 * old message then still has its buttons: a click on one is answered by how the request ended, and mends it.
 */
export class SlackNotifier implements Notifier {
  readonly name: string
  readonly #channel: string
  readonly #ports: SlackPorts
  /** By request, oldest first. */
  readonly #places = new Map<string, SlackPlace>()
  /** The last delivery of each request that has some under way: they come one after the other. */
  readonly #under = new Map<string, Promise<void>>()

  constructor({ name, channel }: SlackSettings, ports: SlackPorts) {
    this.name = name
    this.#channel = channel
    this.#ports = ports
  }

  async deliver({ event }: Delivery, request: AccessRequest, signal: AbortSignal): Promise<void> {
    if (event.what === 'shown') return
    const before = this.#under.get(request.id) ?? Promise.resolve()
    const work = before.then(async () => {
      if (!signal.aborted) await this.#write(event.what, request)
    })
    // Whether this one worked is for whoever waits for it; the next one only waits for its end.
    const ended = work.then(nothing, nothing)
    this.#under.set(request.id, ended)
    try {
      await work
    } finally {
      if (this.#under.get(request.id) === ended) this.#under.delete(request.id)
    }
  }

  /** A click has told where the message of a request is. */
  remember(requestId: string, place: SlackPlace): void {
    this.#places.delete(requestId)
    this.#places.set(requestId, place)
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= MOST_REMEMBERED) return
      this.#places.delete(oldest)
    }
  }

  async #write(what: RequestEventKind, request: AccessRequest): Promise<void> {
    const { client, linkTo } = this.#ports
    const message = slackMessage(request, linkTo(request.id))
    const place = this.#places.get(request.id)
    if (place !== undefined && (await client.update(place.channel, place.ts, message))) return
    if (QUIET.has(what)) return
    this.remember(request.id, await this.#post(message))
  }

  /** Should Slack ever refuse the form of a message, the request is still told: where to look at it. */
  async #post(message: SlackMessage): Promise<SlackPlace> {
    const { client } = this.#ports
    try {
      return await client.post(this.#channel, message)
    } catch (error) {
      if (!(error instanceof DeliveryFailure) || error.after !== 'never') throw error
      return client.post(this.#channel, { text: message.text, blocks: [] })
    }
  }
}

const nothing = (): void => undefined
