import type { ListQuery } from './approvals.ts'

/** One call of the control API. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** `ID` stands for the number of a request, or of a session: they have one form. */
  readonly path: string
  /** The action of the policy language that the one who calls must be allowed; absent: none. */
  readonly action?: GateAction
}

export type GateAction =
  | 'gate:ReadRequest'
  | 'gate:Request'
  | 'gate:Approve'
  | 'gate:Revoke'
  | 'gate:KillSession'

export type RouteName =
  | 'whoami'
  | 'list'
  | 'get'
  | 'ask'
  | 'approve'
  | 'deny'
  | 'revoke'
  | 'killSession'
  | 'killSessions'

/**
 * The control API, version 1. Every call but the page's needs `authorization: Bearer TOKEN`; bodies are
 * `application/json`. What may not be read answers like what is not there: 404 `request-unknown`.
 */
export const ROUTES: Readonly<Record<RouteName, Route>> = {
  /** -> `WhoAmIReply` */
  whoami: { method: 'GET', path: '/v1/whoami' },
  /** `ListQuery` -> `RequestListReply` */
  list: { method: 'GET', path: '/v1/requests', action: 'gate:ReadRequest' },
  /** -> `RequestView`. With `?wait=SECONDS&since=VERSION`: once its version is another, or after the time. */
  get: { method: 'GET', path: '/v1/requests/ID', action: 'gate:ReadRequest' },
  /** `AskBody` -> 201 `RequestView` */
  ask: { method: 'POST', path: '/v1/requests', action: 'gate:Request' },
  /** `ApproveBody` -> `RequestView`, which is pending still where more people must approve */
  approve: { method: 'POST', path: '/v1/requests/ID/approve', action: 'gate:Approve' },
  /** `ReasonBody` -> `RequestView` */
  deny: { method: 'POST', path: '/v1/requests/ID/deny', action: 'gate:Approve' },
  /** `ReasonBody` -> `RequestView`: ends a grant, or takes a pending request back */
  revoke: { method: 'POST', path: '/v1/requests/ID/revoke', action: 'gate:Revoke' },
  /** `ReasonBody` -> `KillReply`: ends a session, whether or not the gate has ever seen it */
  killSession: { method: 'POST', path: '/v1/sessions/ID/kill', action: 'gate:KillSession' },
  /** `KillBody` -> `KillReply`: ends every session of a principal or a role that was issued until now */
  killSessions: { method: 'POST', path: '/v1/sessions/kill', action: 'gate:KillSession' },
}

/** Where the page of a request is: the link in a denial. */
export const PAGE_PATH = '/r/ID'

/** 26 characters of Crockford's base 32 in upper case, as `core/id.ts` makes them. */
const REQUEST_ID = /^[0-9A-HJKMNP-TV-Z]{26}$/

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text)
}

/** The path with the number of a request put in; throws a `RangeError` for what is no number of one. */
export function pathOf(path: string, id: string): string {
  if (!isRequestId(id)) throw new RangeError('not the number of an access request')
  return path.replace('ID', id)
}

/** The query of `ROUTES.list`, with its `?`; empty where nothing is asked. */
export function listQuery(query: ListQuery): string {
  const parameters = new URLSearchParams()
  if (query.states !== undefined && query.states.length > 0) parameters.set('state', query.states.join(','))
  if (query.role !== undefined) parameters.set('role', query.role)
  if (query.before !== undefined) parameters.set('before', query.before)
  if (query.limit !== undefined) parameters.set('limit', String(query.limit))
  if (query.waitS !== undefined) parameters.set('wait', String(query.waitS))
  if (query.since !== undefined) parameters.set('since', query.since)
  return parameters.size === 0 ? '' : `?${parameters}`
}
