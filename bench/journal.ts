/**
 * The journal on this machine's disk: acknowledged decisions a second, and how long one waits, for 1, 32 and
 * 128 calls at a time, beside what the disk alone does (write and fdatasync of the same bytes). Then
 * what reading and verifying cost. Run with: node bench/journal.ts [SECONDS]
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { secretFiles } from '../src/identity/secret-files.ts'
import { openFileSigner } from '../src/record/checkpoint/keys-signer.ts'
import { byId, type CheckpointSigner } from '../src/record/checkpoint/signer.ts'
import { commandLine } from '../src/record/command-line.ts'
import type { DecisionEvent, RecordedCall } from '../src/record/event.ts'
import { openJournal } from '../src/record/journal.ts'
import { nodeFiles } from '../src/record/node-files.ts'
import { readJournal } from '../src/record/read.ts'
import { openKeyFinder } from '../src/record/seal/key-finder.ts'
import { openLaneKeys } from '../src/record/seal/lane-keys.ts'
import { openFileMasterKey } from '../src/record/seal/master-file.ts'
import type { SealPorts } from '../src/record/seal/sealer.ts'
import type { TenantKeyOptions } from '../src/record/seal/tenant-keys.ts'
import { verifyJournal } from '../src/record/verify.ts'

const seconds = Number(process.argv[2] ?? 3)
const after = (delayMs: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

const CALL: RecordedCall = {
  service: 'ec2',
  operation: 'TerminateInstances',
  region: 'eu-central-1',
  parameters: { InstanceIds: ['i-0123456789abcdef0', 'i-0123456789abcdef1'] },
  redacted: [],
  truncated: false,
  pairs: ['i-0123456789abcdef0', 'i-0123456789abcdef1'].map(id => ({
    action: 'ec2:TerminateInstances',
    resource: `arn:aws:ec2:eu-central-1:111122223333:instance/${id}`,
    certainty: 'exact' as const,
  })),
}

function decision(): DecisionEvent {
  return {
    type: 'decision',
    id: newId(systemClock, systemRandom),
    timeMs: Date.now(),
    sessionId: '01JABCDEFGHJKMNPQRSTVWXYZ0',
    principal: {
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/run-17',
      roleArn: 'arn:aws:iam::111122223333:role/agent',
      issuer: 'github',
      subject: 'repo:example/app:ref:refs/heads/main',
      actingFor: [],
    },
    clientAddress: '10.0.0.17',
    userAgent: 'Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.11.7',
    call: CALL,
    effect: 'allow',
    statements: [{ policy: 'policies/agent.yaml', statement: 'CleanUp', effect: 'Allow' }],
  }
}

function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0).toFixed(2)
}

async function bareDisk(folder: string, bytes: number): Promise<number> {
  const file = await open(join(folder, 'bare'), 'w')
  const block = Buffer.alloc(bytes, 1)
  const until = performance.now() + 1_000
  let count = 0
  for (; performance.now() < until; count++) {
    await file.write(block, 0, bytes, count * bytes)
    await file.datasync()
  }
  await file.close()
  return count
}

/** Signs as the gate does. */
function openSigner(folder: string): CheckpointSigner {
  const ports = { files: secretFiles, clock: systemClock, random: systemRandom }
  return openFileSigner({ path: join(folder, 'keys', 'journal.json'), ...ports })
}

/** Where the keys of a journal are. */
function keysOf(folder: string): TenantKeyOptions {
  const world = { files: secretFiles, clock: systemClock, random: systemRandom }
  const master = openFileMasterKey({ path: join(folder, '..', 'keys', 'master.json'), make: true, ...world })
  return { ...world, files: nodeFiles, folder, master }
}

/** Seals as the gate does. */
async function openSeal(folder: string): Promise<SealPorts> {
  const keys = await openLaneKeys({ ...keysOf(folder), lane: 0, tenants: ['default'] })
  return { keys, tenantOf: () => 'default' }
}

/** Events a second that are read with their keys. */
async function sealedReadRate(folder: string, events: number): Promise<string> {
  const start = performance.now()
  for await (const _ of readJournal({ files: nodeFiles, folder, keys: openKeyFinder(keysOf(folder)) }));
  return Math.round((events / (performance.now() - start)) * 1_000).toString()
}

async function appendRate(
  folder: string,
  clients: number,
  durability: 'fsync' | 'os',
  { signer, sealed = false }: { readonly signer?: CheckpointSigner; readonly sealed?: boolean } = {},
): Promise<number> {
  const checkpoints = signer && { signer }
  const ports = {
    files: nodeFiles,
    clock: systemClock,
    random: systemRandom,
    after,
    ...(checkpoints && { checkpoints }),
    ...(sealed && { seal: () => openSeal(folder) }),
  }
  const journal = await openJournal({ folder, lane: 0, durability }, ports)
  const waits: number[] = []
  const start = performance.now()
  const until = start + seconds * 1_000
  const cpu = process.cpuUsage()
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now()
      await journal.append(decision())
      waits.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const spent = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  await journal.close()
  waits.sort((a, b) => a - b)
  const rate = Math.round((waits.length / spent) * 1_000)
  const cpuUs = ((user + system) / waits.length).toFixed(1)
  console.log(
    `${sealed ? 'encrypted: ' : signer === undefined ? 'without checkpoints: ' : ''}${durability.padEnd(6)} ${String(clients).padStart(4)} at a time  ${String(rate).padStart(7)}/s  ` +
      `p50 ${percentile(waits, 0.5)} ms  p99 ${percentile(waits, 0.99)} ms  ${cpuUs} µs of CPU each`,
  )
  return waits.length
}

const root = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
try {
  console.log(`disk alone: ${await bareDisk(root, 900)} writes of 900 bytes with fdatasync a second`)
  const signer = openSigner(root)
  let events = 0
  for (const durability of ['fsync', 'os'] as const) {
    for (const clients of [1, 32, 128]) {
      events += await appendRate(join(root, 'journal'), clients, durability, { signer })
    }
    await appendRate(join(root, `plain-${durability}`), 128, durability)
  }
  const encrypted = join(root, 'encrypted')
  const sealed = await appendRate(encrypted, 128, 'fsync', { signer, sealed: true })
  console.log(`read, encrypted: ${await sealedReadRate(encrypted, sealed)} events/s`)
  const source = { files: nodeFiles, folder: join(root, 'journal') }
  let start = performance.now()
  const report = await verifyJournal(source, byId([signer.publicKey]))
  const verifyMs = performance.now() - start
  start = performance.now()
  let bytes = 0
  let last = 0
  for await (const { place } of readJournal(source)) {
    if (place.offset > last) bytes += place.offset - last
    last = place.offset
  }
  const readMs = performance.now() - start
  const rate = (ms: number): string => Math.round((events / ms) * 1_000).toString()
  console.log(`verify: ${rate(verifyMs)} events/s, whole: ${report.whole}; read: ${rate(readMs)} events/s`)
  console.log(`about ${Math.round(bytes / events)} bytes an event on disk`)
  start = performance.now()
  for (let i = 0; i < 100_000; i++) commandLine(CALL)
  console.log(`commandLine: ${((performance.now() - start) / 100).toFixed(1)} µs`)
  console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
} finally {
  await rm(root, { recursive: true })
}
