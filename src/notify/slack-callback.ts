import type { Clock } from '../core/clock.ts'
import { asGateError, GateError } from '../core/errors.ts'
import type { Redacted } from '../core/redacted.ts'
import type { Desk } from '../grants/desk.ts'
import type { AccessRequest, Person } from '../grants/model.ts'
import type { GrantStore } from '../grants/port.ts'
import type { Note } from './port.ts'
import type { Sender } from './send.ts'
import type { SlackNotifier } from './slack.ts'
import type { SlackClient } from './slack-client.ts'
import { slackMessage } from './slack-message.ts'
import { denyView } from './slack-modal.ts'
import { type ButtonClick, type DenySubmission, readInteraction } from './slack-payload.ts'
import { SlackReplies } from './slack-replies.ts'
import { SlackSignature } from './slack-signature.ts'
import { code, escaped } from './slack-text.ts'

/** What came to the path of a callback: all of its body, as bytes. */
export interface CallbackRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

export interface CallbackReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type CallbackHandler = (request: CallbackRequest) => Promise<CallbackReply>

/** Slack's payloads carry the message that was clicked: some 50 KB, as a form encodes it. */
export const CALLBACK_BODY_BYTES: number = 128 * 1024
/** For how long groups count that a token of the identity provider has told. */
export const GROUPS_FOR_MS: number = 12 * 3_600_000

/** The reason of a denial, where Slack could not ask for one. */
const NO_REASON = 'denied in Slack, which could not ask for a reason'

export interface SlackCallbackSettings {
  readonly signingSecret: Redacted
  /** `TEAM/USER` of Slack -> `ISSUER/SUBJECT`, who that is at the identity provider: `Person.id`. */
  readonly people: ReadonlyMap<string, string>
  readonly groupsForMs: number
  /** `SLACK_API_URL`, but for tests: answers may go to its origin, too. */
  readonly apiUrl: string
}

export interface SlackCallbackPorts {
  readonly desk: Pick<Desk, 'approve' | 'deny' | 'get'>
  readonly store: Pick<GrantStore, 'person'>
  readonly client: SlackClient
  readonly notifier: Pick<SlackNotifier, 'remember'>
  readonly sender: Sender
  readonly linkTo: (requestId: string) => string | undefined
  /** Whether the control policies let a person answer a request; the desk is asked all the same. */
  readonly mayAnswer: (person: Person, request: AccessRequest) => boolean
  readonly clock: Clock
  readonly note: Note
}

/**
 * Takes the clicks of Slack. Authentic by the app's signing secret; who clicked is the person whom the
 * configuration names for the member's id, with the groups that the identity provider last vouched for. What
 * they may is the desk's to say: a chat gives nobody a right.
 */
export class SlackCallback {
  readonly #settings: SlackCallbackSettings
  readonly #ports: SlackCallbackPorts
  readonly #signature: SlackSignature
  readonly #replies: SlackReplies

  constructor(settings: SlackCallbackSettings, ports: SlackCallbackPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#signature = new SlackSignature(settings.signingSecret, ports.clock)
    this.#replies = new SlackReplies(settings.apiUrl, ports.sender, ports.note)
  }

  /** Never rejects. Slack wants its answer within three seconds. */
  readonly handle: CallbackHandler = async request => {
    try {
      return await this.#handle(request)
    } catch (error) {
      const { code: errorCode, status, message } = this.#told(error)
      return reply(status, { error: errorCode, message })
    }
  }

  /** Waits for answers that are on their way to Slack. */
  stop(): Promise<void> {
    return this.#replies.stop()
  }

  async #handle({ headers, body }: CallbackRequest): Promise<CallbackReply> {
    if (body.length > CALLBACK_BODY_BYTES) {
      throw new GateError('body-too-large', `the body has more than ${CALLBACK_BODY_BYTES} bytes`)
    }
    const single = (name: string): string => {
      const value = headers[name]
      return typeof value === 'string' ? value : ''
    }
    this.#signature.check(single('x-slack-request-timestamp'), single('x-slack-signature'), body)
    const interaction = readInteraction(body)
    return interaction.kind === 'deny-with-reason' ? this.#submitted(interaction) : this.#clicked(interaction)
  }

  /** The answer to a click is empty; what there is to say goes to its response address, for that person alone. */
  async #clicked(click: ButtonClick): Promise<CallbackReply> {
    const { notifier } = this.#ports
    try {
      const person = await this.#person(click.user.key)
      const request = await this.#answerable(click.requestId, person)
      notifier.remember(click.requestId, click.place)
      const after = await (click.kind === 'approve'
        ? this.#approve(click, person)
        : this.#deny(click, person, request))
      if (after !== undefined) this.#replies.replace(click.responseUrl, this.#message(after))
    } catch (error) {
      const { code: errorCode, message, advice } = this.#told(error)
      this.#replies.whisper(click.responseUrl, `Nothing was done: ${code(message, 600)}\n${escaped(advice)}`)
      if (errorCode === 'request-closed') await this.#mend(click)
    }
    return reply(200)
  }

  async #approve(click: ButtonClick, person: Person): Promise<AccessRequest> {
    const after = await this.#ports.desk.approve(click.requestId, person, {})
    const more = after.state === 'pending' ? ' More people must.' : ''
    this.#replies.whisper(click.responseUrl, `Your approval of ${code(after.id)} counts.${more}`)
    return after
  }

  /** Asks for a reason; undefined: the dialog is open. */
  async #deny(
    click: ButtonClick,
    person: Person,
    request: AccessRequest,
  ): Promise<AccessRequest | undefined> {
    try {
      await this.#ports.client.openView(click.triggerId, denyView(request))
      return undefined
    } catch (error) {
      this.#ports.note('slack opened no dialog; the request is denied without a reason', {
        request: request.id,
        why: error instanceof Error ? error.message : 'unknown',
      })
      return this.#ports.desk.deny(request.id, person, NO_REASON)
    }
  }

  /** Errors are shown in the dialog, to that person alone; the message follows by the delivery of the event. */
  async #submitted({ user, requestId, reason }: DenySubmission): Promise<CallbackReply> {
    try {
      const person = await this.#person(user.key)
      await this.#answerable(requestId, person)
      await this.#ports.desk.deny(requestId, person, reason)
      return reply(200)
    } catch (error) {
      const { message, advice } = this.#told(error)
      return reply(200, { response_action: 'errors', errors: { reason: `${message}. ${advice}` } })
    }
  }

  /** A message with buttons for a request that has ended: shows how it did. */
  async #mend({ requestId, responseUrl }: ButtonClick): Promise<void> {
    try {
      const request = await this.#ports.desk.get(requestId)
      if (request !== undefined) this.#replies.replace(responseUrl, this.#message(request))
    } catch (error) {
      this.#told(error)
    }
  }

  /** The request, if this person may answer it as far as the control policies have a say. */
  async #answerable(id: string, person: Person): Promise<AccessRequest> {
    const request = await this.#ports.desk.get(id)
    if (request === undefined) throw new GateError('request-unknown', `there is no access request \`${id}\``)
    if (this.#ports.mayAnswer(person, request)) return request
    throw new GateError('api-denied', `\`gate:Approve\` on \`${id}\` is not allowed to \`${person.id}\``)
  }

  /** The person with the groups that were verified, and when. Throws `callback-person-…`. */
  async #person(key: string): Promise<Person> {
    const { people, groupsForMs } = this.#settings
    const named = people.get(key)
    if (named === undefined) {
      throw new GateError('callback-person-unknown', `the gate does not know who \`${key}\` is`)
    }
    const known = await this.#ports.store.person(named)
    if (known === undefined || this.#ports.clock.now() - known.verifiedAtMs >= groupsForMs) {
      throw new GateError('callback-person-stale', 'the gate has no recent proof of who you are')
    }
    return known.person
  }

  #message(request: AccessRequest): ReturnType<typeof slackMessage> {
    return slackMessage(request, this.#ports.linkTo(request.id))
  }

  /** Public words for it; what nobody expected goes to the log. */
  #told(error: unknown): GateError {
    const told = asGateError(error)
    if (told.code === 'internal') {
      this.#ports.note('a click in slack failed unexpectedly', {
        why: error instanceof Error ? error.message : 'unknown',
      })
    }
    return told
  }
}

function reply(status: number, json?: object): CallbackReply {
  const headers = { 'cache-control': 'no-store' }
  if (json === undefined) return { status, headers, body: '' }
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
}
