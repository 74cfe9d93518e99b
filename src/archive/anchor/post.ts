import type { Post } from './webhook-target.ts'

const CONNECT_MS = 5_000
/** From the request until the head of the reply, and between two pieces of its body. */
const REPLY_MS = 10_000
/** A short body is read so that the connection can serve the next message; nobody looks at it. */
const REPLY_BYTES = 64 * 1024

/** Posts by undici, which is loaded at the first message; follows no redirect. */
export function httpPost(): Post {
  let agent: import('undici').Agent | undefined
  return async ({ url, headers, body, signal }) => {
    const { Agent } = await import('undici')
    agent ??= new Agent({
      connect: { timeout: CONNECT_MS },
      headersTimeout: REPLY_MS,
      bodyTimeout: REPLY_MS,
      connections: 1,
    })
    const path = `${url.pathname}${url.search}`
    const reply = await agent.request({ origin: url.origin, path, method: 'POST', headers, body, signal })
    await reply.body.dump({ limit: REPLY_BYTES })
    return reply.statusCode
  }
}
