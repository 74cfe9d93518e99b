/**
 * What it costs to keep bodies: finding the rule, keeping a reply in its event, and whole bodies in files on this
 * machine's disk. Run with: node bench/bodies.ts [SECONDS]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { BlobStore } from '../src/record/blobs/store.ts'
import { BodyTap, type TapOptions } from '../src/record/blobs/tap.ts'
import { compileKeeping } from '../src/record/keep/keep.ts'
import { nodeFiles } from '../src/record/node-files.ts'

const seconds = Number(process.argv[2] ?? 2)
const CHUNK_BYTES = 64 * 1024
const MIB = 2 ** 20

const ROLE = 'arn:aws:iam::111122223333:role/agent'
const PAIRS = [{ action: 's3:PutObject' }, { action: 's3:PutObjectTagging' }]
const RULES = Array.from({ length: 20 }, (_, i) => ({
  roles: [`team-${i}-*`],
  actions: [`s3:Get*`, `dynamodb:*`],
  level: 'replies' as const,
  replyBytes: 16_384,
}))

/** JSON that compresses as replies do: some of it is the same again and again. */
function sample(bytes: number): Buffer {
  const rows: string[] = []
  for (let length = 0; length < bytes; length += rows.at(-1)?.length ?? 1) {
    rows.push(
      JSON.stringify({ id: newId(systemClock, systemRandom), status: 'shipped', amount: rows.length * 7919 }),
    )
  }
  return Buffer.from(rows.join(',')).subarray(0, bytes)
}

function* chunks(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES)
}

/** Processor time since then, of all threads, ms. */
function cpuMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1_000
}

const nowhere = (): Writable => new Writable({ write: (_bytes, _encoding, done) => done() })

function lookUp(name: string, keeping: ReturnType<typeof compileKeeping>): void {
  const until = performance.now() + seconds * 200
  let count = 0
  const from = process.cpuUsage()
  while (performance.now() < until) for (let i = 0; i < 1_000; i++, count++) keeping(ROLE, PAIRS)
  console.log(`${name.padEnd(44)} ${((cpuMs(from) / count) * 1e6).toFixed(0)} ns of CPU a call`)
}

async function passes(
  name: string,
  body: Buffer,
  tap: () => BodyTap | PassThrough,
  atOnce = 1,
): Promise<void> {
  const until = performance.now() + seconds * 1_000
  let count = 0
  let most = 0
  const fromMs = performance.now()
  const from = process.cpuUsage()
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const through = tap()
      await pipeline(Readable.from(chunks(body)), through, nowhere())
      if (through instanceof BodyTap) await through.recorded
      count++
      most = Math.max(most, process.memoryUsage.rss())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const tookMs = performance.now() - fromMs
  const cpu = cpuMs(from) / count
  const rate = (count * body.length) / MIB / (tookMs / 1_000)
  console.log(
    `${name.padEnd(44)} ${(tookMs / count).toFixed(3)} ms each, ${cpu.toFixed(3)} of CPU  ${rate.toFixed(0)} MiB/s  ${(most / MIB).toFixed(0)} MiB RSS`,
  )
}

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
try {
  lookUp('no rule', compileKeeping([]))
  lookUp('20 rules', compileKeeping(RULES))
  const store = await BlobStore.open({
    files: nodeFiles,
    folder,
    lane: 0,
    segment: () => 1,
    durability: 'fsync',
  })
  const owner = { sessionId: '01JABCDEFGHJKMNPQRSTVWXYZ0', roleArn: ROLE }
  const inline: TapOptions = { inlineBytes: 16_384, jsonBytes: 176 * 1024 }
  const whole = (): BodyTap =>
    new BodyTap({
      ...inline,
      blob: { always: true, create: () => store.create(newId(systemClock, systemRandom), 'reply', owner) },
    })
  const small = sample(2_048)
  const large = sample(256 * MIB)
  await passes('2 KiB, passed on', small, () => new PassThrough())
  await passes('2 KiB, in its event', small, () => new BodyTap(inline))
  await passes('2 KiB, in a file', small, whole)
  await passes('2 KiB, in files, 32 at once', small, whole, 32)
  await passes('256 MiB, passed on', large, () => new PassThrough())
  await passes('256 MiB, its beginning in its event', large, () => new BodyTap(inline))
  await passes('256 MiB, in a file', large, whole)
} finally {
  await rm(folder, { recursive: true, force: true })
}
