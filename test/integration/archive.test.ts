import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createAnchor } from '../../src/archive/anchor/create.ts'
import { openS3Bucket } from '../../src/archive/s3-bucket.ts'
import type { UploadSettings } from '../../src/archive/upload/ports.ts'
import { createUploads } from '../../src/archive/upload/uploads.ts'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { secretFiles } from '../../src/identity/secret-files.ts'
import { openFileSigner } from '../../src/record/checkpoint/keys-signer.ts'
import type { JournalEvent } from '../../src/record/event.ts'
import { openJournal } from '../../src/record/journal.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { uploadedSegments } from '../../src/record/uploaded.ts'
import { type Moto, startMoto } from '../harness/moto.ts'
import { cleanEnv, execute, type Finished, ROOT, which } from '../harness/process.ts'

const MIB = 2 ** 20
const SALLYPORT = join(ROOT, 'bin/sallyport')
const CHILD = join(ROOT, 'test/integration/archive-upload.child.ts')
const { signal } = new AbortController()

/** Closed, with checkpoints; its segments take two parts each, if nothing else is said, and a last one stays open. */
async function writeJournal(
  data: string,
  lanes: readonly number[],
  segments: number,
  segmentBytes: number = 9 * MIB,
): Promise<void> {
  const signer = openFileSigner({
    path: join(data, 'keys/journal.json'),
    files: secretFiles,
    clock: systemClock,
    random: systemRandom,
  })
  const afterMs = (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  for (const lane of lanes) {
    const journal = await openJournal(
      { folder: join(data, 'journal'), lane, segmentBytes, durability: 'os' },
      {
        files: nodeFiles,
        clock: systemClock,
        random: systemRandom,
        after: afterMs,
        checkpoints: { signer, events: 16 },
      },
    )
    for (let i = 0; i < (segments * segmentBytes) / 200_000 + 5; i++) {
      await journal.append(event(`${lane}-${i}`))
    }
    await journal.close()
  }
}

function event(id: string): JournalEvent {
  const timeMs = Date.UTC(2026, 0, 2)
  const userAgent = id.padEnd(200_000, id)
  return { type: 'decision', id, timeMs, clientAddress: '::1', effect: 'deny', statements: [], userAgent }
}

describe('an archive in S3', () => {
  let moto: Moto
  let client: S3Client
  let folder: string
  let data: string

  before(async () => {
    moto = await startMoto([], true)
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
    Object.assign(process.env, cleanEnv(moto.gateEnv))
    client = new S3Client({ region: 'us-east-1', endpoint: moto.endpoint, forcePathStyle: true })
    folder = mkdtempSync(join(tmpdir(), 'sallyport-archive-'))
    data = join(folder, 'data')
    await writeJournal(data, [0, 1], 2)
    for (const Bucket of ['archive', 'killed']) {
      await client.send(new CreateBucketCommand({ Bucket }))
      await client.send(
        new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
      )
    }
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
  })
  after(async () => {
    client?.destroy()
    await moto?.stop()
    rmSync(folder, { recursive: true })
  })

  const settings = (bucket: string, more: Partial<UploadSettings> = {}): UploadSettings => ({
    bucket,
    prefix: 'sallyport/',
    region: 'us-east-1',
    endpoint: moto.endpoint,
    pathStyle: true,
    parquet: false,
    ...more,
  })

  async function upload(at: UploadSettings, state: string, from = data): Promise<void> {
    const bucket = openS3Bucket(at, systemClock)
    const source = { files: nodeFiles, folder: join(from, 'journal') }
    const job = createUploads(at, { source, folder: join(folder, state), clock: systemClock, bucket })
    await job.round(signal)
    bucket.close()
  }

  /** What `aws s3 sync` gives of each journal in the bucket, one over the other. */
  async function sync(bucket: string, prefix: string, to: string): Promise<void> {
    const aws = which('aws')
    assert.ok(aws, 'aws is not installed')
    const args = ['--endpoint-url', moto.endpoint, 's3', 'sync', '--only-show-errors']
    const { code, stderr } = await execute(aws, [...args, `s3://${bucket}/${prefix}`, to])
    assert.equal(code, 0, stderr)
  }

  async function versions(Bucket: string): Promise<string[]> {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    return Versions.map(({ Key = '' }) => Key)
  }

  async function journals(): Promise<string[]> {
    const found = await Promise.all(
      [0, 1].map(lane => uploadedSegments(nodeFiles, join(data, 'journal'), lane)),
    )
    return found.map(lane => [...lane.values()][0]?.journal ?? '')
  }

  const sallyport = (...args: string[]): Promise<Finished> => execute(SALLYPORT, ['sessions', ...args])

  it('holds each sealed segment once; what aws s3 sync gives back is a journal that every command reads', async () => {
    await upload(settings('archive'), 'state')
    const keys = await versions('archive')
    assert.equal(keys.filter(key => key.endsWith('.seg')).length, 4)
    assert.equal(new Set(keys).size, keys.length - 2 * 2, 'checkpoints and heads once for each segment')
    for (const [lane, journal] of (await journals()).entries()) {
      await sync('archive', `sallyport/${journal}`, join(folder, 'fetched/journal'))
      const [entry] = [...(await uploadedSegments(nodeFiles, join(data, 'journal'), lane)).values()]
      assert.equal(entry?.verifiedBy, 'checksum')
      assert.match(entry.etag, /-2"$/)
    }
    const key = join(folder, 'public.pem')
    writeFileSync(key, (await sallyport('key', '--data', data)).stdout)
    const verified = await sallyport('verify', '--data', join(folder, 'fetched'), '--key', key, '--json')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    const { lanes } = JSON.parse(verified.stdout) as { lanes: { segments: number; checkpoints: object }[] }
    assert.deepEqual(
      lanes.map(({ segments }) => segments),
      [2, 2],
    )
    for (const { checkpoints } of lanes)
      assert.equal((checkpoints as { signatures: string }).signatures, 'verified')
    const listed = await sallyport('search', '--data', join(folder, 'fetched'), 'effect:deny', '--json')
    assert.equal(listed.code, 0, listed.stderr)
    assert.ok(listed.stdout.includes('"0-1"'))
  })

  it('is the same after an uploader was killed again and again; parts that were taken are not sent again', async () => {
    const sent = new Map<string, number>()
    const at = JSON.stringify(settings('killed'))
    const copy = join(folder, 'killed')
    cpSync(join(data, 'journal'), join(copy, 'journal'), { recursive: true })
    let isDone = false
    for (let step = 1; !isDone; step++) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, copy, at], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'exit')
      let calls = 0
      // At a later step each time, so that it gets on; some calls are under way then, and some are answered already.
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith('putPart')) sent.set(line, (sent.get(line) ?? 0) + 1)
        if (line.startsWith('done')) isDone = true
        if (++calls === 3 * step) child.kill('SIGKILL')
      }
      await ended
      assert.ok(step < 60)
    }
    for (const [part, times] of sent) assert.ok(times <= 2, `${part} ${times} times`)
    const keys = await versions('killed')
    const segments = keys.filter(key => key.endsWith('.seg'))
    assert.equal(new Set(segments).size, 4)
    assert.equal(segments.length, 4, 'no version of a segment beside the one')
    const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'killed' }))
    assert.deepEqual(uploads, [])
    for (const journal of await journals()) {
      await sync('killed', `sallyport/${journal}`, join(folder, 'survived/journal'))
    }
    const verified = await sallyport('verify', '--data', join(folder, 'survived'))
    assert.equal(verified.code, 0, verified.stdout)
  })

  it('keeps objects for as long as it is told: nobody deletes a segment or an anchor before', async () => {
    const retain = { mode: 'COMPLIANCE', durationMs: 86_400_000 } as const
    // In one piece each: the stand-in forgets what an upload in parts says of locks.
    const small = join(folder, 'small')
    await writeJournal(small, [0], 2, MIB)
    await upload(settings('locked', { retain }), 'locked-state', small)
    const source = { files: nodeFiles, folder: join(data, 'journal') }
    const ports = {
      source,
      folder: join(folder, 'locked-state'),
      clock: systemClock,
      openBucket: openS3Bucket,
    }
    await createAnchor({ kind: 's3', name: 'vault', at: settings('locked', { retain }) }, ports).round(signal)
    const keys = await versions('locked')
    const picked = ['.seg', '/anchors/'].map(part => keys.find(key => key.includes(part)) ?? '')
    for (const Key of picked) {
      const found = await client.send(new HeadObjectCommand({ Bucket: 'locked', Key }))
      assert.equal(found.ObjectLockMode, 'COMPLIANCE')
      const untilMs = found.ObjectLockRetainUntilDate?.getTime() ?? 0
      assert.ok(Math.abs(untilMs - Date.now() - retain.durationMs) < 600_000)
      const removal = new DeleteObjectCommand({ Bucket: 'locked', Key, VersionId: found.VersionId })
      await assert.rejects(client.send(removal), { name: 'AccessDenied' })
    }
  })

  it('anchors in S3 show a journal that somebody with the signing key wrote anew', async () => {
    const [journal = ''] = await journals()
    await sync('locked', 'sallyport/anchors', join(folder, 'anchors'))
    const whole = await sallyport('verify', '--data', data, '--anchor', join(folder, 'anchors'))
    assert.equal(whole.code, 0, whole.stdout)
    assert.match(whole.stdout, /the journal has all that was anchored\n$/)
    const forged = join(folder, 'forged')
    await writeJournal(forged, [0], 1)
    const alone = await sallyport('verify', '--data', forged)
    assert.equal(alone.code, 0, 'by itself it is whole')
    const found = await sallyport('verify', '--data', forged, '--anchor', join(folder, 'anchors', journal))
    assert.equal(found.code, 1)
    assert.match(found.stdout, /lane 00 {2}not as anchored {2}checkpoint 1 \(events 1 to 16\)/)
  })
})
