import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

/** What the admin address shows. */
export interface AdminPorts {
  /** Why the gate cannot do its work now; empty when it can. */
  troubles(): readonly string[]
  /** All metrics in the Prometheus text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** The certificate of the gate, which the admin address shares. */
export interface AdminTls {
  /** PEM. */
  readonly certificate: string
  /** PEM; never logged. */
  readonly key: string
}

/**
 * The admin address: `/healthz` (the process runs), `/readyz` (calls would pass, else 503 with the
 * reasons), `/metrics`. Reads only; none of it needs a credential, so it belongs on a private address.
 */
export function createAdminServer(ports: AdminPorts, tls?: AdminTls): Server {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(ports, request.method ?? '', request.url ?? '', response).catch(() => {
      if (!response.headersSent) text(response, 500, 'internal error\n')
      else response.destroy()
    })
  }
  const server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }, handle) : createServer(handle)
  server.maxConnections = 256
  server.headersTimeout = 10_000
  server.requestTimeout = 10_000
  return server
}

async function answer(
  ports: AdminPorts,
  method: string,
  url: string,
  response: ServerResponse,
): Promise<void> {
  const path = url.split('?', 1)[0]
  if (method !== 'GET' && method !== 'HEAD') return text(response, 405, 'only GET and HEAD\n')
  if (path === '/healthz') return text(response, 200, 'ok\n')
  if (path === '/readyz') {
    const troubles = ports.troubles()
    if (troubles.length === 0) return text(response, 200, 'ready\n')
    return text(response, 503, `not ready\n${troubles.map(trouble => `${trouble}\n`).join('')}`)
  }
  if (path === '/metrics') {
    const metrics = await ports.metrics()
    return text(response, 200, metrics.text, metrics.contentType)
  }
  return text(response, 404, 'the admin address has /healthz, /readyz and /metrics\n')
}

function text(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}
