import type { DemandView, RequestView } from '../../contract/approvals.ts'
import { printable } from '../../record/shell.ts'
import { dateTime, safeJson } from '../sessions/format.ts'
import type { Paint } from '../sessions/paint.ts'
import { painted, roleName, span, usesOf, what } from './words.ts'

type Row = readonly [string, string]

const LABEL = 'acting for'.length + 2

/** All of a request, for a person who has to answer it. */
export function details(request: RequestView, nowMs: number, paint: Paint): string {
  const title = request.kind === 'call' ? 'Access request' : 'Request for standing access'
  const glass = request.brokeGlass ? `  ${paint.bad('broke glass: it has passed')}` : ''
  return `${[
    `${paint.bold(`${title} ${printable(request.id)}`)}  ${painted(request.state, paint)}${glass}`,
    ...rows(requesterRows(request)),
    ...rows(timeRows(request, nowMs)),
    '',
    paint.bold(what(request)),
    ...callLines(request, paint),
    '',
    paint.dim('needs'),
    ...request.demands.map(demand => demandLine(demand, paint)),
    ...approvalLines(request, paint),
    ...endLines(request, paint),
    ...mayLines(request, paint),
  ].join('\n')}\n`
}

function requesterRows(request: RequestView): Row[] {
  const { requester, role, reason } = request
  return [
    ['who', `${requester.subject}, vouched for by ${requester.issuer}`],
    ['acting for', requester.actingFor.join(', for ')],
    ['source', requester.sourceIdentity ?? ''],
    ['role', `${roleName(request)} (${role.arn})`],
    ['as', requester.arn],
    ['session', requester.sessionId],
    ['reason', reason ?? ''],
  ]
}

function timeRows(request: RequestView, nowMs: number): Row[] {
  const { askedAtMs, openUntilMs, grant, state } = request
  const left =
    grant === undefined
      ? ''
      : `${usesOf(grant.usesLeft)} left of ${usesOf(grant.uses)}, until ${dateTime(grant.expiresAtMs)} UTC`
  return [
    ['asked', `${dateTime(askedAtMs)} UTC, ${span(nowMs - askedAtMs)} ago`],
    ['open until', state === 'pending' ? `${dateTime(openUntilMs)} UTC` : ''],
    ['grants', grant === undefined ? `${usesOf(request.uses)} within ${span(request.validForMs)}` : left],
  ]
}

function callLines({ call }: RequestView, paint: Paint): string[] {
  if (call === undefined) return []
  const known = new Map(call.resources.map(({ resource, facts }) => [resource, facts]))
  const asked = call.pairs.flatMap(({ action, resource, exact }) => {
    const line = `  ${printable(`${action} on ${resource}`)}${exact ? '' : ' (not known exactly)'}`
    return [line, ...factLines(known, resource)]
  })
  const others = [...known.keys()].filter(resource => !call.pairs.some(pair => pair.resource === resource))
  return [
    '',
    paint.dim('asked for'),
    ...asked,
    ...others.flatMap(resource => [`  ${printable(resource)}`, ...factLines(known, resource)]),
    ...(call.body === undefined ? [] : ['', `${paint.dim('body')}  ${bodyOf(call.body)}`]),
    ...(call.parameters === undefined ? [] : ['', paint.dim('parameters'), safeJson(call.parameters, 2)]),
  ]
}

function factLines(known: ReadonlyMap<string, Readonly<Record<string, string>>>, resource: string): string[] {
  const facts = Object.entries(known.get(resource) ?? {}).map(([name, value]) => `${name}=${value}`)
  return facts.length === 0 ? [] : [`    ${printable(facts.join('  '))}`]
}

function bodyOf({ bytes, sha256 }: { readonly bytes: number; readonly sha256?: string }): string {
  if (sha256 === undefined) return `${bytes} bytes, whose content an approval does not bind`
  return `${bytes} bytes, SHA-256 ${printable(sha256)}`
}

/** `1 of 2  group/on-call, by Careful in agent.json: machines do not come back` */
function demandLine({ from, count, approvals, statement, policy, reason }: DemandView, paint: Paint): string {
  const met = approvals >= count
  const tally = `${Math.min(approvals, count)} of ${count}`
  const why = reason === undefined ? '' : `: ${reason}`
  const text = printable(`${from.join(' or ')}, by ${statement} in ${policy}${why}`)
  return `  ${met ? paint.good(tally) : paint.warn(tally)}  ${text}`
}

function approvalLines({ approvals }: RequestView, paint: Paint): string[] {
  if (approvals.length === 0) return []
  const lines = approvals.map(({ by, name, atMs, uses, validForMs, comment }) => {
    const narrowed = [
      ...(uses === undefined ? [] : [`at most ${usesOf(uses)}`]),
      ...(validForMs === undefined ? [] : [`for ${span(validForMs)}`]),
      ...(comment === undefined ? [] : [comment]),
    ]
    const more = narrowed.length === 0 ? '' : `: ${narrowed.join(', ')}`
    return `  ${dateTime(atMs)}  ${printable(`${name} (${by})${more}`)}`
  })
  return ['', paint.dim('approved by'), ...lines]
}

function endLines({ ended, state }: RequestView, paint: Paint): string[] {
  if (ended === undefined) return []
  const why = ended.reason === undefined ? '' : `: ${ended.reason}`
  const line = `  ${dateTime(ended.atMs)}  ${printable(`${ended.name} (${ended.by})${why}`)}`
  return ['', paint.dim(`${printable(state)} by`), line]
}

/** What the reader can do about it, as commands. */
function mayLines({ id, may, state }: RequestView, paint: Paint): string[] {
  const commands = [
    ...(may.approve ? [`sallyport approvals approve ${id}`] : []),
    ...(may.deny ? [`sallyport approvals deny ${id} --reason …`] : []),
    ...(may.revoke ? [`sallyport approvals revoke ${id} --reason …`] : []),
  ].map(command => `  ${printable(command)}`)
  if (commands.length > 0) return ['', paint.dim('you may'), ...commands]
  if (state !== 'pending' || may.why === undefined) return []
  return ['', printable(`not yours to approve: ${may.why}`)]
}

/** Rows of name and value, without those that have none. */
function rows(all: readonly Row[]): string[] {
  return all
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${name.padEnd(LABEL)}${printable(value)}`)
}
