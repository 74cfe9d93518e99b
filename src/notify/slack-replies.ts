import type { Note } from './port.ts'
import type { Sender } from './send.ts'
import type { SlackMessage } from './slack-message.ts'

/** Where Slack's response addresses are (https://docs.slack.dev/interactivity/handling-user-interaction/). */
const RESPONSE_ORIGIN = 'https://hooks.slack.com'
/** Answers on their way; beyond that they are left out: the click itself has been dealt with. */
const MOST_UNDER_WAY = 32
const GIVE_UP_MS = 10_000

/**
 * Answers to clicks, by the address that came with each. The address is in what Slack signed, and still the gate
 * calls no other host for it. An answer that is lost costs nothing but the answer.
 */
export class SlackReplies {
  readonly #origins: ReadonlySet<string>
  readonly #sender: Sender
  readonly #note: Note
  readonly #underWay = new Set<Promise<void>>()

  constructor(apiUrl: string, sender: Sender, note: Note) {
    this.#origins = new Set([RESPONSE_ORIGIN, new URL(apiUrl).origin])
    this.#sender = sender
    this.#note = note
  }

  /** For the one who clicked alone. */
  whisper(responseUrl: string, text: string): void {
    this.#send(responseUrl, { response_type: 'ephemeral', replace_original: false, text })
  }

  /** Writes the message that was clicked anew. */
  replace(responseUrl: string, message: SlackMessage): void {
    this.#send(responseUrl, { replace_original: true, ...message })
  }

  async stop(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  #send(responseUrl: string, content: object): void {
    const url = URL.parse(responseUrl)
    if (url === null || !this.#origins.has(url.origin)) {
      this.#note('an answer to a click was left out: its address is not of slack', {})
      return
    }
    if (this.#underWay.size >= MOST_UNDER_WAY) {
      this.#note('an answer to a click was left out: too many are under way', {})
      return
    }
    const work = this.#post(url, JSON.stringify(content)).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #post(url: URL, body: string): Promise<void> {
    const headers = { 'content-type': 'application/json', 'user-agent': 'sallyport' }
    try {
      const message = { url, headers, body, wantsText: false }
      const { status } = await this.#sender.post(message, AbortSignal.timeout(GIVE_UP_MS))
      if (status !== 200) this.#note('slack did not take the answer to a click', { status })
    } catch (error) {
      this.#note('slack did not take the answer to a click', {
        why: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
}
