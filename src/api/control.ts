/**
 * The control API of access requests: `contract/routes.ts` as a server. Every call runs the same path: who is
 * it, what is sent, may they, then the desk, and the answer only after the desk's.
 */

import {
  API_LIMITS,
  type AskBody,
  type MayView,
  type RequestListReply,
  type RequestView,
  type WhoAmIReply,
} from '../contract/approvals.ts'
import type { RouteName } from '../contract/routes.ts'
import type { KillReply } from '../contract/sessions.ts'
import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Revocation, RevocationTarget } from '../core/revocation.ts'
import { REVOCATION_LIMITS } from '../core/revocation.ts'
import type { Desk, ScopeQuestion } from '../grants/desk.ts'
import type { AccessRequest } from '../grants/model.ts'
import { mayDeny } from '../grants/people.ts'
import type { Bearer } from '../identity/people.ts'
import { Authenticator, type AuthenticatorOptions } from './authenticate.ts'
import { type Decide, mayAsk, mayDo, mayKill, sessionArn } from './authorize.ts'
import { cursorOf, readPage } from './listing.ts'
import type { Received } from './received.ts'
import { Recent } from './recent.ts'
import { jsonReply, type Reply } from './reply.ts'
import { type Found, findRoute } from './route.ts'
import {
  readApprove,
  readAsk,
  readKill,
  readListQuery,
  readNoQuery,
  readOneQuery,
  readReason,
} from './schemas.ts'
import { viewOf } from './view.ts'
import { Waiting, type WaitingOptions } from './waiting.ts'

export interface ControlPorts extends AuthenticatorOptions, WaitingOptions {
  readonly desk: Desk
  readonly clock: Clock
  /** Ends sessions; see `SessionKills` for what it rejects with. */
  kill(order: KillOrder): Promise<Revocation>
  /** The control policies of the configuration; absent: the rules of `authorize.ts`. */
  readonly decide?: Decide
  /**
   * What the role's policies demand of this identity for such an ask. Rejects with one and the same error for
   * a role that is not there and for one that the identity may not assume; `bearer.identity` is set.
   */
  standingAccess(bearer: Bearer, ask: AskBody, address: string): Promise<ScopeQuestion>
}

/** An order to end sessions, of somebody who may. */
export interface KillOrder {
  readonly target: RevocationTarget
  readonly by: string
  readonly reason: string
  /** How many orders of this person may stand at once. */
  readonly most: number
}

/** Everything that a handler needs to know of one call. */
interface Call {
  readonly bearer: Bearer
  readonly received: Received
  /** Empty where the path names none. */
  readonly id: string
  readonly body: Buffer
}

export class Control {
  readonly #ports: ControlPorts
  readonly #authenticator: Authenticator
  readonly #waiting: Waiting
  readonly #recent: Recent<readonly AccessRequest[]>
  readonly #handlers: Readonly<Record<RouteName, (call: Call) => Promise<Reply>>> = {
    whoami: call => this.#whoAmI(call),
    list: call => this.#list(call),
    get: call => this.#get(call),
    ask: call => this.#ask(call),
    approve: call => this.#approve(call),
    deny: call => this.#deny(call),
    revoke: call => this.#revoke(call),
    killSession: call => this.#killSession(call),
    killSessions: call => this.#killSessions(call),
  }

  constructor(ports: ControlPorts) {
    this.#ports = ports
    this.#authenticator = new Authenticator(ports)
    this.#waiting = new Waiting(ports)
    this.#recent = new Recent(ports.clock)
  }

  /** Rejects with a `GateError` for the client to see; anything else is the gate's own trouble. */
  async handle(received: Received): Promise<Reply> {
    const found: Found = findRoute(received.method, received.path)
    const bearer = await this.#authenticator.authenticate(received)
    const body = await readBody(received)
    const reply = await this.#handlers[found.name]({ bearer, received, id: found.id, body })
    if (received.method === 'POST') this.#recent.clear()
    return reply
  }

  async #whoAmI({ bearer, received }: Call): Promise<Reply> {
    readNoQuery(received.query)
    const { id, issuer, subject, name, groups } = bearer.person
    const reply: WhoAmIReply = { id, issuer, subject, name, groups, person: bearer.kind !== 'workload' }
    return jsonReply(200, reply)
  }

  async #list(call: Call): Promise<Reply> {
    const { wait, since, ...filter } = readListQuery(call.received.query)
    const { desk } = this.#ports
    const waits = wait !== undefined && since !== undefined
    const list: Desk['list'] = asked =>
      waits ? this.#recent.get(JSON.stringify(asked), () => desk.list(asked)) : desk.list(asked)
    const page = async (): Promise<RequestListReply> => {
      const { requests, next } = await readPage({ list }, filter, request =>
        this.#may(call, 'gate:ReadRequest', request),
      )
      return {
        requests: requests.map(request => viewOf(request, this.#mayView(call, request), false)),
        ...(next !== undefined && { next }),
        cursor: cursorOf(requests),
      }
    }
    if (!waits) return jsonReply(200, await page())
    const how = { who: call.bearer.person.id, waitMs: wait * 1_000, gone: call.received.gone }
    return jsonReply(200, await this.#waiting.until(how, page, ({ cursor }) => cursor !== since))
  }

  async #get(call: Call): Promise<Reply> {
    const { wait, since } = readOneQuery(call.received.query)
    const how = { who: call.bearer.person.id, waitMs: (wait ?? 0) * 1_000, gone: call.received.gone }
    const read = () => this.#readable(call)
    const request =
      wait === undefined || since === undefined
        ? await read()
        : await this.#waiting.until(how, read, ({ version }) => String(version) !== since)
    if (call.received.gone.aborted) {
      throw new GateError('client-gone', 'the client went before it was answered')
    }
    return jsonReply(200, await this.#show(call, request))
  }

  /** What an approver is shown is recorded before it is. */
  async #show(call: Call, request: AccessRequest): Promise<RequestView> {
    const { desk } = this.#ports
    const { person, kind } = call.bearer
    if (
      request.state !== 'pending' ||
      kind === 'workload' ||
      desk.eligible(request, person).demands.length === 0
    ) {
      return this.#view(call, request)
    }
    await desk.shown(request.id, person.id, person.name)
    return this.#view(call, (await desk.get(request.id)) ?? request)
  }

  async #ask(call: Call): Promise<Reply> {
    const { bearer, received } = call
    readNoQuery(received.query)
    const ask = readAsk(call.body)
    if (bearer.identity === undefined) {
      throw new GateError('api-denied', 'the local administrator has no role to ask standing access for')
    }
    const question = await this.#ports.standingAccess(bearer, ask, received.address)
    const { roleArn } = question.requester
    if (!mayAsk(bearer, roleArn, received.address, this.#ports.decide)) {
      throw denied('gate:Request', `\`${roleArn}\``)
    }
    return jsonReply(201, this.#view(call, await this.#ports.desk.requestScope(question)))
  }

  async #approve(call: Call): Promise<Reply> {
    readNoQuery(call.received.query)
    const narrowing = readApprove(call.body)
    const request = await this.#readable(call)
    this.#demand(call, 'gate:Approve', request)
    const approved = await this.#ports.desk.approve(request.id, call.bearer.person, narrowing)
    return jsonReply(200, this.#view(call, approved))
  }

  async #deny(call: Call): Promise<Reply> {
    readNoQuery(call.received.query)
    const { reason } = readReason(call.body)
    const request = await this.#readable(call)
    this.#demand(call, 'gate:Approve', request)
    return jsonReply(
      200,
      this.#view(call, await this.#ports.desk.deny(request.id, call.bearer.person, reason)),
    )
  }

  async #revoke(call: Call): Promise<Reply> {
    readNoQuery(call.received.query)
    const { reason } = readReason(call.body)
    const request = await this.#readable(call)
    this.#demand(call, 'gate:Revoke', request)
    return jsonReply(
      200,
      this.#view(call, await this.#ports.desk.revoke(request.id, call.bearer.person, reason)),
    )
  }

  /** Credentials stand by themselves, so a session that nobody here has seen is ended like any other. */
  #killSession(call: Call): Promise<Reply> {
    readNoQuery(call.received.query)
    const { reason } = readReason(call.body)
    return this.#kill(call, { kind: 'session', of: call.id }, reason)
  }

  #killSessions(call: Call): Promise<Reply> {
    readNoQuery(call.received.query)
    const { principal, role, reason } = readKill(call.body)
    const target: RevocationTarget =
      principal === undefined ? { kind: 'role', of: role ?? '' } : { kind: 'principal', of: principal }
    return this.#kill(call, target, reason)
  }

  async #kill({ bearer, received }: Call, target: RevocationTarget, reason: string): Promise<Reply> {
    const { decide, kill } = this.#ports
    const id = target.kind === 'session' ? target.of : '*'
    const asked = { id, ...(target.kind === 'role' && { roleArn: target.of }) }
    if (!mayKill(bearer, asked, received.address, decide))
      throw denied('gate:KillSession', `\`${sessionArn(id)}\``)
    const { standing, perPerson } = REVOCATION_LIMITS
    const most = bearer.kind === 'admin' ? standing : perPerson
    const { kind, of, issuedUntilMs, keepUntilMs } = await kill({
      target,
      by: bearer.person.id,
      reason,
      most,
    })
    const reply: KillReply = { kind, of, issuedUntilMs, keepUntilMs }
    return jsonReply(200, reply)
  }

  /** The request, if it is there and may be read: both answer alike, so that nobody finds out which are there. */
  async #readable(call: Call): Promise<AccessRequest> {
    const request = await this.#ports.desk.get(call.id)
    if (request !== undefined && this.#may(call, 'gate:ReadRequest', request)) return request
    throw new GateError(
      'request-unknown',
      `there is no access request \`${call.id}\` that this token may read`,
    )
  }

  #demand(call: Call, action: 'gate:Approve' | 'gate:Revoke', request: AccessRequest): void {
    if (!this.#may(call, action, request)) throw denied(action, `\`${request.id}\``)
  }

  #may(
    { bearer, received }: Call,
    action: Parameters<typeof mayDo>[0]['action'],
    request: AccessRequest,
  ): boolean {
    return mayDo({ bearer, action, request, address: received.address }, this.#ports.decide)
  }

  #view(call: Call, request: AccessRequest): RequestView {
    return viewOf(request, this.#mayView(call, request), true)
  }

  #mayView(call: Call, request: AccessRequest): MayView {
    const { person, kind } = call.bearer
    const isOpen = request.state === 'pending'
    const answers = isOpen && this.#may(call, 'gate:Approve', request)
    const eligible = this.#ports.desk.eligible(request, person)
    return {
      approve: answers && eligible.demands.length > 0,
      deny: answers && mayDeny(request, person).demands.length > 0,
      revoke: (isOpen || request.state === 'approved') && this.#may(call, 'gate:Revoke', request),
      ...(isOpen && kind !== 'workload' && eligible.why !== undefined && { why: eligible.why }),
    }
  }
}

/** Bodies are JSON and only come by POST: a form of another site's page can send neither. */
async function readBody(received: Received): Promise<Buffer> {
  if (received.method !== 'POST') return received.body(0)
  const type = received.header('content-type')
  const isEncoded = received.header('content-encoding') !== undefined
  if (type === undefined || !JSON_TYPE.test(type) || isEncoded) {
    throw new GateError('api-type-refused', 'the body is not sent as plain `application/json`')
  }
  return received.body(API_LIMITS.bodyBytes)
}

const JSON_TYPE = /^application\/json(?:; ?charset="?utf-8"?)?$/i

function denied(action: string, what: string): GateError {
  return new GateError('api-denied', `\`${action}\` on ${what} is not allowed to the holder of this token`)
}
