import type { Post } from './webhook-target.ts'

const CONNECT_MS = 5_000
/** From the request until the head of the reply, and between two pieces of its body. */
const REPLY_MS = 10_000
/** For all of it, however the receiver spreads its reply over time. */
const WHOLE_MS = 60_000
/** A short body is read so that the connection can serve the next message; nobody looks at it. */
const REPLY_BYTES = 64 * 1024

/** Posts by undici, which is loaded at the first message; follows no redirect. `wholeMs` is given for tests. */
export function httpPost(wholeMs: number = WHOLE_MS): Post {
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
    const within = AbortSignal.any([signal, AbortSignal.timeout(wholeMs)])
    const reply = await agent.request({
      origin: url.origin,
      path,
      method: 'POST',
      headers,
      body,
      signal: within,
    })
    await reply.body.dump({ limit: REPLY_BYTES })
    return reply.statusCode
  }
}
