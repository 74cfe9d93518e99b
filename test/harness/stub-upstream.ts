import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What reached the upstream. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An upstream that answers everything, and counts. */
export interface StubUpstream {
  readonly endpoint: string
  readonly seen: Seen[]
  /** What it answers with from now on; default `{}`. */
  answer(status: number, headers: Record<string, string>, body: string | Buffer): void
  /** Answers with these bytes as they stand, then closes the connection. */
  answerBytes(bytes: string | Buffer): void
  stop(): Promise<void>
}

export async function startStubUpstream(): Promise<StubUpstream> {
  const seen: Seen[] = []
  let reply: { status: number; headers: Record<string, string>; body: string | Buffer } = {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: '{}',
  }
  let raw: string | Buffer | undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      if (raw !== undefined) {
        request.socket.end(raw)
        return
      }
      response.writeHead(reply.status, reply.headers)
      response.end(reply.body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer: (status, headers, body) => {
      raw = undefined
      reply = { status, headers: { 'content-type': 'application/x-amz-json-1.0', ...headers }, body }
    },
    answerBytes: bytes => {
      raw = bytes
    },
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
