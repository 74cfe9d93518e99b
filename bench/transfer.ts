/**
 * One large upload or download over plain HTTP, timed: `node bench/transfer.ts REQUEST.json`, where the file
 * says url, method, headers and bytes. A process of its own, so that it shares no event loop with a server.
 */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'

interface Transfer {
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
  /** Bytes to send; 0 for a download. */
  readonly bytes: number
}

const transfer = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Transfer
const block = Buffer.alloc(1 << 20, 'x')
const began = process.hrtime.bigint()
let received = 0

const outgoing = request(transfer.url, { method: transfer.method, headers: transfer.headers }, reply => {
  reply.on('data', chunk => {
    received += chunk.length
  })
  reply.on('end', () => {
    const seconds = Number(process.hrtime.bigint() - began) / 1e9
    console.log(JSON.stringify({ status: reply.statusCode, received, seconds }))
  })
})
let left = transfer.bytes
const more = (): void => {
  while (left > 0) {
    const piece = left >= block.length ? block : block.subarray(0, left)
    left -= piece.length
    if (!outgoing.write(piece)) {
      outgoing.once('drain', more)
      return
    }
  }
  outgoing.end()
}
more()
