/**
 * A gate over TLS before the PostgreSQL server on the port of the first argument, with the key and certificate of the second
 * and third; says its port, and at each line that it reads what memory it uses. Run by `postgres-load.test.ts`.
 */
import { readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startPostgresGate } from '../harness/postgres-gate.ts'

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void
const [, , port = '', key = '', certificate = ''] = process.argv
const gate = await startPostgresGate(
  Number(port),
  { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') },
  { rooms: { decide: () => ({ effect: 'allow', statements: [], obligations: [] }) } },
)
writeSync(1, `port ${gate.port}\n`)
createInterface(process.stdin).on('line', () => {
  // What a test remembers of each statement is no memory of the gate.
  gate.noted.length = 0
  collect()
  const { rss, heapUsed, external } = process.memoryUsage()
  writeSync(1, `memory ${rss} ${heapUsed} ${external}\n`)
})
