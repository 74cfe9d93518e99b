/**
 * A reverse proxy of nothing but `node:http` in front and undici behind: no signature, no policy, no journal.
 * What the runtime alone costs, and so the bound of any gate that is written on it. Prints its port.
 * `node bench/bare-proxy.ts UPSTREAM`
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

const upstream = new Pool(process.argv[2] ?? '', { connections: 256, headersTimeout: 0, bodyTimeout: 0 })

const server = createServer(async (request, response) => {
  const bodyless = request.method === 'GET'
  try {
    const reply = await upstream.request({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: request.rawHeaders,
      body: bodyless ? null : request,
    })
    response.writeHead(reply.statusCode, reply.headers)
    reply.body.pipe(response)
  } catch (error) {
    response.destroy(error instanceof Error ? error : undefined)
  }
})

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
