import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { asGateError, GateError } from '../core/errors.ts'
import { answerCallback, type Callbacks } from './callbacks.ts'
import { Control, type ControlPorts } from './control.ts'
import { checkHost } from './host.ts'
import { answerPage } from './page/page.ts'
import { type Received, receive } from './received.ts'
import { errorReply, type Reply, send, textReply } from './reply.ts'
import { MethodRefused } from './route.ts'

/** What the admin address shows. */
export interface AdminPorts {
  /** Why the gate cannot do its work now; empty when it can. */
  troubles(): readonly string[]
  /** All metrics in the Prometheus text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  /** Access requests; absent: the address has health and metrics alone. */
  readonly control?: ControlPorts
  /** What chats call, by path; empty where absent. */
  readonly callbacks?: Callbacks
  /** Names that the address is called by beside its IP addresses and `localhost`; lower case, no ports. */
  readonly names?: readonly string[]
}

/** The certificate of the gate, which the admin address shares. */
export interface AdminTls {
  /** PEM. */
  readonly certificate: string
  /** PEM; never logged. */
  readonly key: string
}

/** What is not received within these is not waited for, ms. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 }
/** As long as for headers: node's own two minutes would let 256 strangers keep everybody out, ms. */
const TLS_TIMES = { handshakeTimeout: 10_000 }
/** Room for a token of 16 KiB among the headers, bytes. */
const MAX_HEADER_BYTES = 24_576

/**
 * The admin address: `/healthz` (the process runs), `/readyz` (calls would pass, else 503 with the reasons),
 * `/metrics`: these need no credential, so it belongs on a private address. Beside them the control API of
 * access requests, which needs a bearer token, and its page.
 */
export function createAdminServer(ports: AdminPorts, tls?: AdminTls): Server {
  const control = ports.control === undefined ? undefined : new Control(ports.control)
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const received = receive(request, response)
    answer(ports, control, received)
      .catch((error: unknown) => refusal(ports, error))
      // What a refused client still sends is not waited for.
      .then(reply => send(response, reply, reply.status >= 400 && !request.complete))
      .catch(() => response.destroy())
  }
  const options = { ...TIMES, maxHeaderSize: MAX_HEADER_BYTES }
  const server = tls
    ? createTlsServer({ ...options, ...TLS_TIMES, cert: tls.certificate, key: tls.key }, handle)
    : createServer(options, handle)
  server.maxConnections = 256
  return server
}

async function answer(ports: AdminPorts, control: Control | undefined, received: Received): Promise<Reply> {
  const open = await answerOpen(ports, received)
  if (open !== undefined) return open
  if (control === undefined) {
    return textReply(404, 'the admin address has /healthz, /readyz and /metrics\n')
  }
  checkHost(received.header('host'), ports.names ?? [])
  const page = answerPage(received)
  if (page !== undefined) return page
  const called = ports.callbacks && (await answerCallback(ports.callbacks, received))
  return called ?? control.handle(received)
}

/** What needs no credential, and answers by whatever name it is called. */
async function answerOpen(ports: AdminPorts, { method, path }: Received): Promise<Reply | undefined> {
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return undefined
  if (method !== 'GET' && method !== 'HEAD') return textReply(405, 'only GET and HEAD\n')
  if (path === '/healthz') return textReply(200, 'ok\n')
  if (path === '/metrics') {
    const { text, contentType } = await ports.metrics()
    return textReply(200, text, contentType)
  }
  const troubles = ports.troubles()
  if (troubles.length === 0) return textReply(200, 'ready\n')
  return textReply(503, `not ready\n${troubles.map(trouble => `${trouble}\n`).join('')}`)
}

/** The error as the client sees it; what is the gate's own trouble goes to the operator's log. */
function refusal({ control }: AdminPorts, error: unknown): Reply {
  const refused: GateError = asGateError(error)
  // That somebody has too many calls waiting is between them and the gate.
  if (refused.status >= 500 && refused.code !== 'overloaded') {
    // Of an error that was made harmless for the client, the operator is told the original.
    control?.unexpected(refused.cause instanceof GateError ? refused.cause : error, 'the control API')
  }
  return errorReply(refused, refused instanceof MethodRefused ? { allow: refused.allow } : {})
}
