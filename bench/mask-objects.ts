/**
 * What masking the contents of S3 objects costs on one core: text, JSON and CSV through `maskObject` with all
 * built-in detectors, in pieces of 64 KiB as they come from a socket. `node bench/mask-objects.ts`
 */
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { compileDetectors, DETECTOR_NAMES } from '../src/mask/detect/set.ts'
import { DEFAULT_OBJECT_LIMITS } from '../src/mask/objects/limits.ts'
import { maskObject, type ObjectRule } from '../src/mask/objects/object-mask.ts'
import { prepareObjectRead } from '../src/mask/objects/object-read.ts'

const QUICK = process.argv.includes('--quick')
const ROUNDS = QUICK ? 1 : 5
const PIECE_BYTES = 64 * 1024
const MEGABYTE = 1e6
const OBJECT_BYTES = (QUICK ? 4 : 64) * MEGABYTE

/** Lines as they are in the wild: one in twenty has something to be masked. */
const OBJECTS: Readonly<Record<string, (line: number) => string>> = {
  text: line =>
    `2026-11-23T12:00:${String(line % 60).padStart(2, '0')}Z INFO orders[${line}]: GET /v1/orders/${line * 7} took 12 ms` +
    `${line % 20 === 0 ? ` for alice${line}@example.com` : ''}\n`,
  JSON: line =>
    `{"id":${line},"status":"shipped","customer":{"name":"Alice Example","mail":` +
    `${line % 20 === 0 ? `"alice${line}@example.com"` : 'null'}},"items":[{"sku":"A-${line}","price":12.5}]}\n`,
  CSV: line =>
    `${line},Alice Example,${line % 20 === 0 ? `alice${line}@example.com` : ''},"12 High Street, London",shipped,12.50\n`,
}

const set = compileDetectors(DETECTOR_NAMES, new Map())
const hashKey = Buffer.alloc(32)
const detecting: ObjectRule = {
  maskers: () => [set.stream({ form: 'full', hashKey, sameLength: true })],
  otherObjects: 'deny',
}
const looking: ObjectRule = { maskers: () => [], otherObjects: 'deny' }

for (const [name, line] of Object.entries(OBJECTS)) {
  const object = objectOf(line)
  report(name, await best(object, detecting))
  report(`${name}, without detectors`, await best(object, looking))
}
const text = objectOf(OBJECTS['text'] ?? String)
report('text in gzip', await best(gzipSync(text), detecting, text.length))

function report(name: string, megabytesPerSecond: number): void {
  console.log(`mask object, ${name}: ${megabytesPerSecond.toFixed(0)} MB/s`)
}

function objectOf(line: (number: number) => string): Buffer {
  const lines: string[] = []
  for (let bytes = 0; bytes < OBJECT_BYTES; ) {
    const next = line(lines.length)
    lines.push(next)
    bytes += next.length
  }
  return Buffer.from(lines.join(''))
}

/** The fastest of some rounds: others were disturbed. Megabytes of plain contents a second. */
async function best(object: Buffer, rule: ObjectRule, plainBytes: number = object.length): Promise<number> {
  let fastest = 0
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    const { read } = prepareObjectRead({ headers: [], query: '' })
    const reply = {
      status: 200,
      headers: [],
      body: Readable.from(pieces(object), { objectMode: false }),
    }
    const { body } = await maskObject(read, rule, reply, { limits: DEFAULT_OBJECT_LIMITS })
    for await (const _ of body);
    fastest = Math.max(fastest, plainBytes / MEGABYTE / ((performance.now() - began) / 1000))
  }
  return fastest
}

function* pieces(object: Buffer): Generator<Buffer> {
  for (let at = 0; at < object.length; at += PIECE_BYTES) yield object.subarray(at, at + PIECE_BYTES)
}
