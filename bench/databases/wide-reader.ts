/**
 * Reads one large result: `node bench/databases/wide-reader.ts QUERY`, with PGPORT, PGUSER, PGPASSWORD and PGDATABASE. Prints
 * what came, and how long it took. A process of its own, so that it shares no event loop with anybody.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { systemRandom } from '../../src/core/clock.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { Conversation } from '../../src/upstream/postgres/conversation.ts'
import { logIn } from '../../src/upstream/postgres/login.ts'
import { writeFrontend } from '../../src/wire/postgres/writer.ts'
import { RowCounter } from './row-counter.ts'

const { PGPORT, PGUSER = '', PGPASSWORD = '', PGDATABASE = '' } = process.env
const socket = connect(Number(PGPORT), '127.0.0.1')
await once(socket, 'connect')
const login = {
  ...{ user: PGUSER, database: PGDATABASE, settings: [] },
  password: async (): Promise<Redacted> => new Redacted(PGPASSWORD),
}
// All are on this machine, and the gate takes tokens in the clear there.
const channel = { encrypted: true, binding: undefined }
await logIn(new Conversation(socket), channel, login, { random: systemRandom })
socket.removeAllListeners('data')
const counter = new RowCounter()
const began = performance.now()
await new Promise<void>((resolve, reject) => {
  socket.once('close', () => reject(new Error('the server left')))
  socket.on('data', chunk => {
    counter.push(chunk)
    if (counter.done) resolve()
  })
  socket.resume()
  socket.write(writeFrontend({ kind: 'query', sql: process.argv[2] ?? '' }))
})
const seconds = (performance.now() - began) / 1000
const { rows, bytes, errors } = counter
console.log(JSON.stringify({ rows, bytes, errors, seconds }))
socket.removeAllListeners('close')
socket.end(writeFrontend({ kind: 'terminate' }))
