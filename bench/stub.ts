/**
 * An upstream that is never the limit: reads requests only as far as it must to find their end, and
 * answers each with the same small JSON, a query of DynamoDB with an item of 400 bytes, or with as many bytes as
 * the path `/bucket/NUMBER` asks for.
 * Prints its port. `node bench/stub.ts`
 */
import { createServer, type Socket } from 'node:net'

const JSON_REPLY = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-requestid: stub\r\ncontent-length: 26\r\n\r\n{"TableNames":["a","b"]}\r\n',
)
const ITEM = JSON.stringify({
  Count: 1,
  Items: [
    {
      id: { S: 'order-4711' },
      placed: { S: '2026-03-09T12:34:31.000Z' },
      status: { S: 'shipped' },
      total: { N: '12.50' },
      customer: {
        M: { name: { S: 'Alice Example' }, mail: { S: 'alice.example@example.com' }, since: { N: '2019' } },
      },
      address: { M: { street: { S: '12 High Street' }, city: { S: 'London' }, country: { S: 'GB' } } },
      note: { S: 'leave it at the door' },
    },
  ],
  ScannedCount: 1,
})
const ITEM_REPLY = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-requestid: stub\r\ncontent-length: ${ITEM.length}\r\n\r\n${ITEM}`,
)
const EMPTY_REPLY = Buffer.from('HTTP/1.1 200 OK\r\netag: "stub"\r\ncontent-length: 0\r\n\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const BLOCK = Buffer.alloc(1 << 20, 'x')

interface Reading {
  head: Buffer
  bodyLeft: number
  reply: (socket: Socket) => void
}

createServer(socket => {
  socket.setNoDelay(true)
  const reading: Reading = { head: Buffer.alloc(0), bodyLeft: 0, reply: () => undefined }
  socket.on('data', chunk => take(socket, reading, chunk))
  socket.on('error', () => socket.destroy())
}).listen(0, '127.0.0.1', function listening(this: { address(): unknown }) {
  console.log((this.address() as { port: number }).port)
})

function take(socket: Socket, reading: Reading, chunk: Buffer): void {
  let rest = chunk
  while (rest.length > 0) {
    if (reading.bodyLeft > 0) {
      const eaten = Math.min(reading.bodyLeft, rest.length)
      reading.bodyLeft -= eaten
      rest = rest.subarray(eaten)
      if (reading.bodyLeft === 0) reading.reply(socket)
      continue
    }
    reading.head = reading.head.length === 0 ? rest : Buffer.concat([reading.head, rest])
    const end = reading.head.indexOf(HEAD_END)
    if (end < 0) return
    rest = reading.head.subarray(end + 4)
    begin(socket, reading, reading.head.toString('latin1', 0, end))
    reading.head = Buffer.alloc(0)
  }
}

function begin(socket: Socket, reading: Reading, head: string): void {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  const bytes = /^GET \/bucket\/(\d+)/.exec(head)?.[1]
  reading.bodyLeft = Number(length ?? 0)
  if (bytes !== undefined) reading.reply = () => stream(socket, Number(bytes))
  else if (head.startsWith('PUT ')) reading.reply = () => socket.write(EMPTY_REPLY)
  else {
    const isQuery = /\r\nx-amz-target: *DynamoDB_20120810\.Query\r\n/i.test(head)
    reading.reply = () => socket.write(isQuery ? ITEM_REPLY : JSON_REPLY)
  }
  if (reading.bodyLeft === 0) reading.reply(socket)
}

/** Sends `bytes` bytes with the reader's own pace. */
function stream(socket: Socket, bytes: number): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: binary/octet-stream\r\ncontent-length: ${bytes}\r\n\r\n`)
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      const block = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left)
      left -= block.length
      if (!socket.write(block)) {
        socket.once('drain', more)
        return
      }
    }
  }
  more()
}
