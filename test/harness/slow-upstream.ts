import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An upstream whose replies to GET never end, and that answers everything else at once. */
export interface SlowUpstream {
  readonly endpoint: string
  /** Paths of replies that are on their way. */
  readonly open: ReadonlySet<string>
  /** What was asked, in order: method and path. */
  readonly seen: readonly string[]
  /** Paths of requests that ended before all of their body had come. */
  readonly broken: readonly string[]
  stop(): Promise<void>
}

const CHUNK = Buffer.alloc(16_384, 'x')
const EVERY_MS = 20
/** What the endless replies promise. */
const LENGTH = 1_000_000_000

export async function startSlowUpstream(): Promise<SlowUpstream> {
  const open = new Set<string>()
  const seen: string[] = []
  const broken: string[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    seen.push(`${method} ${url}`)
    request.resume()
    request.once('close', () => request.complete || broken.push(url))
    if (method === 'GET') {
      open.add(url)
      response.once('close', () => open.delete(url))
      trickle(response)
      return
    }
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open,
    seen,
    broken,
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': LENGTH, etag: '"e"', 'x-amz-request-id': 'slow' })
  const timer = setInterval(() => response.write(CHUNK), EVERY_MS)
  response.once('close', () => clearInterval(timer))
}
