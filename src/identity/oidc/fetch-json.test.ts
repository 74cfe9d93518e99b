import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fetchJson } from './fetch-json.ts'

async function withServer(answer: RequestListener, use: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('a document is fetched whole', async () => {
  await withServer(
    (_request, response) => response.end('{"keys":[]}'),
    async url => assert.deepEqual(await fetchJson(url), { keys: [] }),
  )
})

test('a redirect is an error and is not followed', async () => {
  const paths: string[] = []
  await withServer(
    (request, response) => {
      paths.push(request.url ?? '')
      response.writeHead(302, { location: '/elsewhere' }).end()
    },
    async url => assert.rejects(fetchJson(url), /status 302/),
  )
  assert.deepEqual(paths, ['/keys'])
})

test('an endless document is cut off', async () => {
  await withServer(
    (_request, response) => {
      const block = Buffer.alloc(65_536, 0x20)
      response.on('error', () => undefined)
      const more = () => {
        while (!response.destroyed && response.write(block));
        response.once('drain', more)
      }
      more()
    },
    async url => assert.rejects(fetchJson(url), /more than 262144 bytes/),
  )
})

test('what is not JSON is an error', async () => {
  await withServer(
    (_request, response) => response.end('<html>'),
    async url => assert.rejects(fetchJson(url), SyntaxError),
  )
})
