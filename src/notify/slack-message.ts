import type { KnownBlock } from '@slack/web-api'
import { UNCOUNTED_USES } from '../grants/limits.ts'
import type { AccessRequest, Approval } from '../grants/model.ts'
import { code, codeBlock, cut, oneLine } from './slack-text.ts'

/** https://docs.slack.dev/reference/block-kit/blocks: a header, the text of a section, a dialog's text. */
const HEADER_CHARS = 150
const SECTION_CHARS = 3_000
const DIALOG_CHARS = 300
/** Facts about resources, people and statements that are shown at most. */
const MOST = 8
const MOST_OF_CHAIN = 5

export const APPROVE_ACTION = 'sallyport.approve'
export const DENY_ACTION = 'sallyport.deny'

export interface SlackMessage {
  /** For notifications and screen readers. */
  readonly text: string
  readonly blocks: KnownBlock[]
}

/**
 * An access request as a Slack message, as it stands now: a message that comes late, or is written anew, is
 * never wrong. Who may be deceived here is the approver, so everything that others wrote is inline code.
 */
export function slackMessage(request: AccessRequest, link: string | undefined): SlackMessage {
  const title = `${TITLES[request.kind]}${request.brokeGlass ? ' (broke glass: it has passed)' : ''}`
  const asked = whatIsAsked(request)
  return {
    text: `${title} ${request.id} by ${code(request.requester.subject, 100)}: ${stateOf(request)}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, HEADER_CHARS), emoji: false } },
      section(factsOf(request).join('\n')),
      section(asked ?? TOO_LONG),
      ...contextOf(request),
      section(`*${stateOf(request)}*`),
      ...(request.approvals.length === 0
        ? []
        : [section(request.approvals.slice(-MOST).map(approved).join('\n'))]),
      ...buttons(request, asked !== undefined),
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: footerOf(request, link), verbatim: true }],
      },
    ],
  }
}

const TITLES = { call: 'Access request', scope: 'Request for standing access' } as const

const TOO_LONG =
  'What is asked is too long to be shown here in full, so it cannot be approved here: see the whole of it by the number below.'

/** In full, or undefined where Slack's limits do not let it be: nobody approves what they were not shown. */
function whatIsAsked({ call, scope }: AccessRequest): string | undefined {
  const text =
    call === undefined
      ? `actions ${(scope?.actions ?? []).map(quoted).join(' ')} on ${(scope?.resources ?? []).map(quoted).join(' ')}`
      : call.commandLine
  if (oneLine(text) !== text) return undefined
  const block = codeBlock(text)
  return block.length > SECTION_CHARS ? undefined : block
}

const quoted = (text: string): string => `'${text}'`

function factsOf(request: AccessRequest): string[] {
  const { requester, call, reason } = request
  const chain = requester.actingFor.slice(0, MOST_OF_CHAIN).map(name => code(name, 120))
  if (requester.actingFor.length > MOST_OF_CHAIN)
    chain.push(`${requester.actingFor.length - MOST_OF_CHAIN} more`)
  return [
    `*Who* ${code(requester.subject, 200)}, vouched for by ${code(requester.issuer, 100)}`,
    ...(chain.length === 0 ? [] : [`*Acting for* ${chain.join(', ')}`]),
    ...(requester.sourceIdentity === undefined ? [] : [`*Source* ${code(requester.sourceIdentity, 200)}`]),
    `*Role* ${code(requester.roleArn, 200)}`,
    `*If approved* ${timesOf(request.uses)} within ${span(request.validForMs)}`,
    ...(call === undefined
      ? []
      : [`*Call* ${code(`${call.service}:${call.operation}`)} in ${code(call.region, 40)}`]),
    ...(call?.body === undefined ? [] : [`*Body* ${bodyOf(call.body)}`]),
    ...(reason === undefined ? [] : [`*Reason* ${code(reason, 600)}`]),
  ]
}

function bodyOf({ bytes, sha256 }: { readonly bytes: number; readonly sha256?: string }): string {
  return sha256 === undefined
    ? `${bytes} bytes, whose content the approval does not bind`
    : `${bytes} bytes, SHA-256 ${code(sha256, 100)}`
}

/** What is known of the resources, and which statements ask. */
function contextOf({ call, demands }: AccessRequest): KnownBlock[] {
  const resources = (call?.resources ?? []).slice(0, MOST).map(({ resource, facts }) => {
    const known = Object.entries(facts).map(([name, value]) => `${name}=${value}`)
    return `${code(resource, 160)} ${code(known.join(' '), 160)}`
  })
  const statements = demands.slice(0, MOST).map(({ statement, from, count }) => {
    const reason = statement.reason === undefined ? '' : `: ${code(statement.reason, 120)}`
    return `${count} of ${code(from.join(', '), 120)} by ${code(`${statement.statement} in ${statement.policy}`, 80)}${reason}`
  })
  return [
    ...(resources.length === 0 ? [] : [section(`*Resources*\n${resources.join('\n')}`)]),
    section(`*Asks for*\n${statements.join('\n')}`),
  ]
}

function stateOf(request: AccessRequest): string {
  const { state, ended, grant } = request
  const by = ended === undefined ? '' : ` by ${code(ended.name, 100)}`
  const why = ended?.reason === undefined ? '' : `: ${code(ended.reason, 600)}`
  switch (state) {
    case 'pending':
      return `Waits for an answer until ${moment(request.openUntilMs)}`
    case 'approved':
      // Not what is left of it: uses are not told, so that would soon be wrong.
      return grant === undefined
        ? 'Approved'
        : `Approved: ${timesOf(grant.uses)}, until ${moment(grant.expiresAtMs)}`
    case 'denied':
      return `Denied${by}${why}`
    case 'revoked':
      return `Revoked${by}${why}`
    case 'spent':
      return 'Approved, and used'
    case 'expired':
      return 'Expired'
  }
}

function approved({ name, by, comment }: Approval): string {
  return `:white_check_mark: ${code(name, 100)} (${code(by, 120)})${comment === undefined ? '' : ` ${code(comment, 100)}`}`
}

/** Only where there is still something to answer, and Approve only under what is shown in full. */
function buttons(request: AccessRequest, shownInFull: boolean): KnownBlock[] {
  if (request.state !== 'pending' || request.brokeGlass) return []
  const plain = (text: string) => ({ type: 'plain_text' as const, text, emoji: false })
  const what = request.call?.commandLine ?? 'standing access, as the message says'
  const approve = {
    type: 'button' as const,
    action_id: APPROVE_ACTION,
    value: request.id,
    style: 'primary' as const,
    text: plain('Approve'),
    confirm: {
      title: plain('Approve this?'),
      text: plain(cut(oneLine(what), DIALOG_CHARS)),
      confirm: plain('Approve'),
      deny: plain('Not now'),
    },
  }
  const deny = {
    type: 'button' as const,
    action_id: DENY_ACTION,
    value: request.id,
    style: 'danger' as const,
    text: plain('Deny'),
  }
  return [{ type: 'actions', elements: shownInFull ? [approve, deny] : [deny] }]
}

function footerOf(request: AccessRequest, link: string | undefined): string {
  const where = link === undefined ? '' : ` · <${link}|the request>`
  return `${code(request.id)} · asked ${moment(request.askedAtMs)}${where} · ${code(`sallyport approvals show ${request.id}`)}`
}

function timesOf(uses: number): string {
  if (uses >= UNCOUNTED_USES) return 'any number of times'
  return uses === 1 ? 'once' : `at most ${uses} times`
}

/** `90 min`, `2 h`: whole hours as such, else minutes, rounded up. */
function span(durationMs: number): string {
  const minutes = Math.ceil(durationMs / 60_000)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
}

/** In the reader's own time zone; the fallback in UTC. */
function moment(timeMs: number): string {
  const fallback = `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return `<!date^${Math.floor(timeMs / 1000)}^{date_short_pretty} {time}|${fallback}>`
}

function section(text: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }
}
