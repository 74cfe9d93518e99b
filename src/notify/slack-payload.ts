import { GateError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { APPROVE_ACTION, DENY_ACTION } from './slack-message.ts'
import { DENY_VIEW, REASON_ID } from './slack-modal.ts'

/** Who clicked: ids that Slack vouches for. Names are not read at all. */
export interface SlackUser {
  /** `TEAM/USER`: what the configuration's `people` has. */
  readonly key: string
}

/** A button was clicked. */
export interface ButtonClick {
  readonly kind: 'approve' | 'deny'
  readonly user: SlackUser
  readonly requestId: string
  /** Opens a dialog, within three seconds. */
  readonly triggerId: string
  /** Where an answer for this person goes; not checked yet. */
  readonly responseUrl: string
  /** Where the message is. */
  readonly place: { readonly channel: string; readonly ts: string }
}

/** The dialog for a denial was sent off. */
export interface DenySubmission {
  readonly kind: 'deny-with-reason'
  readonly user: SlackUser
  readonly reason: string
  /** As the gate put it into the dialog: the number of the request. */
  readonly requestId: string
}

export type SlackInteraction = ButtonClick | DenySubmission

const REQUEST_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/
const SLACK_ID = /^[A-Z0-9]{2,32}$/
const TIMESTAMP = /^\d{1,12}\.\d{1,8}$/

/**
 * Reads the form of an interaction (https://docs.slack.dev/reference/interaction-payloads/): one `payload` of
 * JSON. The signature must have been checked. Throws `callback-malformed` for anything that is not a click on
 * a button, or the dialog, of the gate.
 */
export function readInteraction(body: Buffer): SlackInteraction {
  const payload = new Reader(parsed(formPayload(body)))
  const user = userOf(payload)
  switch (payload.text('type')) {
    case 'block_actions':
      return buttonClick(payload, user)
    case 'view_submission':
      return denySubmission(payload, user)
    default:
      throw malformed('`type` is none that the gate asks for')
  }
}

function formPayload(body: Buffer): string {
  const form = new URLSearchParams(body.toString('utf8'))
  const [payload, ...more] = form.getAll('payload')
  if (payload === undefined || more.length > 0 || form.size !== 1) {
    throw malformed('the form has not exactly one `payload`')
  }
  return payload
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new GateError('callback-malformed', '`payload` is not JSON', { cause: error })
  }
}

function userOf(payload: Reader): SlackUser {
  const team = payload.object('team').match('id', SLACK_ID)
  const user = payload.object('user')
  // A guest from another workspace has an id that is theirs to give: only members of this one are known.
  const home = user.optional('team_id')
  if (home !== undefined && home !== team) throw malformed('`user` is of another workspace than `team`')
  return { key: `${team}/${user.match('id', SLACK_ID)}` }
}

const BUTTONS: ReadonlyMap<string, ButtonClick['kind']> = new Map([
  [APPROVE_ACTION, 'approve'],
  [DENY_ACTION, 'deny'],
])

function buttonClick(payload: Reader, user: SlackUser): ButtonClick {
  const action = payload.only('actions')
  const kind = BUTTONS.get(action.text('action_id'))
  if (kind === undefined) throw malformed('`action_id` is of no button of the gate')
  const container = payload.object('container')
  return {
    kind,
    user,
    requestId: action.match('value', REQUEST_ID),
    triggerId: payload.text('trigger_id'),
    responseUrl: payload.text('response_url'),
    place: { channel: container.match('channel_id', SLACK_ID), ts: container.match('message_ts', TIMESTAMP) },
  }
}

function denySubmission(payload: Reader, user: SlackUser): DenySubmission {
  const view = payload.object('view')
  if (view.text('callback_id') !== DENY_VIEW) throw malformed('`callback_id` is of no dialog of the gate')
  const input = view.object('state').object('values').object(REASON_ID).object(REASON_ID)
  return {
    kind: 'deny-with-reason',
    user,
    reason: input.text('value'),
    requestId: view.match('private_metadata', REQUEST_ID),
  }
}

/** Longest text that is read from a payload. */
const LONGEST = 4_000

/** A JSON object whose members must be there and of the right kind; others are not looked at. */
class Reader {
  readonly #members: Readonly<Record<string, unknown>>

  constructor(value: unknown, name = 'payload') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(`\`${name}\` is no object`)
    }
    this.#members = value as Readonly<Record<string, unknown>>
  }

  object(name: string): Reader {
    return new Reader(this.#own(name), name)
  }

  text(name: string): string {
    const text = this.optional(name)
    if (text === undefined) throw malformed(`\`${name}\` is missing`)
    return text
  }

  optional(name: string): string | undefined {
    const value = this.#own(name)
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string' || value.length > LONGEST) throw malformed(`\`${name}\` is no short text`)
    return value
  }

  match(name: string, pattern: RegExp): string {
    const text = this.text(name)
    if (!pattern.test(text)) throw malformed(`\`${name}\` is not of the form that it has`)
    return text
  }

  /** The one object of a list. */
  only(name: string): Reader {
    const list = this.#own(name)
    if (!Array.isArray(list) || list.length !== 1) throw malformed(`\`${name}\` has not exactly one entry`)
    return new Reader(list[0], name)
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined
  }
}

function malformed(what: string): GateError {
  return new GateError('callback-malformed', what)
}
