import { request } from 'undici'

/**
 * Fetches a JSON document. Rejects with an error whose message is fit for the operator; never follows a
 * redirect, never returns a part of a document.
 */
export type FetchJson = (url: URL) => Promise<unknown>

/** Longest document: a key set of a hundred RSA keys has 80 KB. */
const MAX_BYTES = 262_144
const TIMEOUT_MS = 5_000

/** `FetchJson` over the network. Not for URLs that a client chose: the caller has checked where it goes. */
export const fetchJson: FetchJson = async url => {
  const reply = await request(url, {
    method: 'GET',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (reply.statusCode !== 200) {
    await reply.body.dump()
    throw new Error(`\`${url.href}\` answered with status ${reply.statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of reply.body) {
    const part = Buffer.from(chunk)
    bytes += part.length
    // Leaving the loop destroys the body, and with it the connection.
    if (bytes > MAX_BYTES) throw new Error(`\`${url.href}\` answered with more than ${MAX_BYTES} bytes`)
    chunks.push(part)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
