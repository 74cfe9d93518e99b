import type {
  ApproveBody,
  AskBody,
  ErrorReply,
  ListQuery,
  ReasonBody,
  RequestListReply,
  RequestView,
} from '../../contract/approvals.ts'
import { listQuery, pathOf, ROUTES, type Route } from '../../contract/routes.ts'
import type { KillBody, KillReply } from '../../contract/sessions.ts'
import { GateError } from '../../core/errors.ts'
import type { GatePlace } from './place.ts'
import type { ApprovalsPorts } from './ports.ts'

/** Beyond the time that the gate was asked to wait. */
const REPLY_MS = 30_000
/** A hundred requests with long command lines fit. */
const REPLY_BYTES = 16 * 1024 * 1024

/** The gate said no, in its own words: they come from outside, and are made printable when shown. */
export class Refusal extends Error {
  readonly reply: ErrorReply

  constructor(reply: ErrorReply) {
    super(reply.message)
    this.name = 'Refusal'
    this.reply = reply
  }
}

/** The control API of one gate. Rejects with a `Refusal`, `gate-unreachable` or `gate-reply-unclear`. */
export class GateClient {
  readonly #place: GatePlace
  readonly #ports: Pick<ApprovalsPorts, 'fetch' | 'stopped'>

  constructor(place: GatePlace, ports: Pick<ApprovalsPorts, 'fetch' | 'stopped'>) {
    this.#place = place
    this.#ports = ports
  }

  async list(query: ListQuery): Promise<RequestListReply> {
    const reply = await this.#call(
      ROUTES.list,
      `${ROUTES.list.path}${listQuery(query)}`,
      undefined,
      query.waitS,
    )
    const { requests, cursor } = reply
    if (!Array.isArray(requests) || typeof cursor !== 'string') throw unclear('no list of access requests')
    requests.forEach(requestView)
    return reply as unknown as RequestListReply
  }

  /** With `wait`: once its version is another, or after so many seconds. */
  async get(id: string, wait?: { readonly seconds: number; readonly since: number }): Promise<RequestView> {
    const query = wait === undefined ? '' : `?wait=${wait.seconds}&since=${wait.since}`
    return requestView(
      await this.#call(ROUTES.get, `${pathOf(ROUTES.get.path, id)}${query}`, undefined, wait?.seconds),
    )
  }

  async ask(body: AskBody): Promise<RequestView> {
    return requestView(await this.#call(ROUTES.ask, ROUTES.ask.path, body))
  }

  async approve(id: string, body: ApproveBody): Promise<RequestView> {
    return requestView(await this.#call(ROUTES.approve, pathOf(ROUTES.approve.path, id), body))
  }

  async end(how: 'deny' | 'revoke', id: string, body: ReasonBody): Promise<RequestView> {
    return requestView(await this.#call(ROUTES[how], pathOf(ROUTES[how].path, id), body))
  }

  async killSession(id: string, body: ReasonBody): Promise<KillReply> {
    return killReply(await this.#call(ROUTES.killSession, pathOf(ROUTES.killSession.path, id), body))
  }

  async killSessions(body: KillBody): Promise<KillReply> {
    return killReply(await this.#call(ROUTES.killSessions, ROUTES.killSessions.path, body))
  }

  async #call(
    route: Route,
    path: string,
    body?: object,
    waitS = 0,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { url, token } = this.#place
    let response: Response
    let text: string
    try {
      response = await this.#ports.fetch(`${url}${path}`, {
        method: route.method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token.reveal()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([this.#ports.stopped, AbortSignal.timeout(waitS * 1000 + REPLY_MS)]),
      })
      text = await boundedText(response)
    } catch (cause) {
      if (cause instanceof GateError) throw cause
      throw new GateError('gate-unreachable', `the gate at \`${url}\` does not answer: ${reasonOf(cause)}`, {
        cause,
      })
    }
    const reply = jsonObject(text)
    if (!response.ok) throw refusal(response.status, reply)
    return reply
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > REPLY_BYTES) throw unclear(`more than ${REPLY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>
    }
  } catch (cause) {
    throw unclear('something that is not JSON', cause)
  }
  throw unclear('something that is no JSON object')
}

function refusal(status: number, reply: Readonly<Record<string, unknown>>): Error {
  const { code, message, advice } = reply
  if (typeof code === 'string' && typeof message === 'string' && typeof advice === 'string') {
    return new Refusal({ code, message, advice })
  }
  return unclear(`status ${status} without a reason`)
}

/** The members without which nothing can be shown; the gate is trusted with the rest of its own contract. */
function requestView(reply: unknown): RequestView {
  const view = reply as RequestView
  const objects = [view.requester, view.role, view.may, view.kind === 'call' ? view.call : view.scope]
  const good =
    typeof view.id === 'string' &&
    typeof view.version === 'number' &&
    objects.every(part => typeof part === 'object' && part !== null) &&
    Array.isArray(view.demands) &&
    Array.isArray(view.approvals)
  if (!good) throw unclear('no access request')
  return view
}

function killReply(reply: Readonly<Record<string, unknown>>): KillReply {
  const { kind, of, issuedUntilMs } = reply
  if (typeof kind !== 'string' || typeof of !== 'string' || typeof issuedUntilMs !== 'number') {
    throw unclear('no ended session')
  }
  return reply as unknown as KillReply
}

function unclear(what: string, cause?: unknown): GateError {
  return new GateError(
    'gate-reply-unclear',
    `the gate answered ${what}`,
    cause === undefined ? {} : { cause },
  )
}

/** `ECONNREFUSED`: `fetch` keeps it in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const inner = error.cause instanceof Error ? error.cause : error
  if ('code' in inner && typeof inner.code === 'string') return inner.code
  return inner.name === 'TimeoutError' ? 'it took too long' : inner.message
}
