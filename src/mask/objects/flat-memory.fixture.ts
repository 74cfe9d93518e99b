/**
 * Masks a long object, in a process of its own, and prints how far its memory grew: `flat-memory.fixture.ts
 * plain|gzip|range MEBIBYTES`. What comes out is read as it comes, and its length is checked.
 */
import { Readable, type Transform } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { DEFAULT_OBJECT_LIMITS } from './limits.ts'
import { StarMasker } from './masker.fixture.ts'
import { maskObject } from './object-mask.ts'
import { prepareObjectRead } from './object-read.ts'

const MIB = 1024 * 1024
const [how = 'plain', mebibytes = '100'] = process.argv.slice(2)
const total = Number(mebibytes) * MIB

const quiet = '{"level":"info","user":"alice","path":"/orders/4711","took":12}\n'
const lines = Buffer.from(`${quiet.repeat(20)}{"level":"info","user":"SECRET","path":"/","took":12}\n`)
const block = Buffer.alloc(64 * 1024, lines)

function* object(): Generator<Buffer> {
  for (let left = total; left > 0; left -= block.length) yield Buffer.from(block)
}

/** Of the process: what zlib and the buffers take is in it, beside V8's heap. */
let base = 0
let peak = 0
let sampled = 0
function sample(): void {
  // What has run for a while is compiled, and its buffers are there.
  if (++sampled < 200) return
  const { rss } = process.memoryUsage()
  if (base === 0) base = rss
  peak = Math.max(peak, rss)
}

const packed = (stream: Readable, stage: Transform): Readable => stream.pipe(stage)
const rule = { maskers: () => [new StarMasker()], otherObjects: 'deny' } as const
const plain = Readable.from(object(), { objectMode: false })
const last = total - 5
const headers = how === 'range' ? [['range', `bytes=${last}-`] as const] : []
const { read } = prepareObjectRead({ headers, query: '' })
const reply = {
  status: 200,
  headers: [['content-length', String(total)] as const],
  body: how === 'gzip' ? packed(plain, createGzip({ level: 1 })) : plain,
}
if (how === 'range') plain.on('data', sample)
const masked = await maskObject(read, rule, reply, { limits: DEFAULT_OBJECT_LIMITS })
let bytes = 0
for await (const chunk of how === 'gzip' ? packed(masked.body, createGunzip()) : masked.body) {
  bytes += chunk.length
  if (how !== 'range') sample()
}
console.log(JSON.stringify({ bytes, samples: sampled, grownMib: Math.round((peak - base) / MIB) }))
