import { createHash, hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import type { Bucket, Keeping, NamedPart, StoredObject, UploadPlace } from '../bucket.ts'
import { changed, type Plan, readExactly } from './plan.ts'
import type { ProgressStore } from './progress.ts'
import type { SourceFile } from './source-file.ts'

/** An object that certainly has the planned bytes. */
export interface Deposited {
  readonly stored: StoredObject
  readonly verifiedBy: 'checksum' | 'reading'
}

/** What is to be put where. */
export interface Deposit {
  readonly key: string
  readonly file: SourceFile
  readonly plan: Plan
  /** `ifAbsent`: an object with other content under the key is an error, and stays. */
  readonly keeping: Keeping
}

export interface DepositPorts {
  readonly bucket: Bucket
  readonly progress: ProgressStore
  readonly signal: AbortSignal
  /** ETags of objects that were read and have other content, by key: what stays in the way is not read in every round. */
  readonly strangers?: Map<string, string>
}

/** How often an upload in parts is begun again within one round. */
const TRIES = 2

/**
 * Puts a file into the bucket, exactly once: what stands there with the same content is taken as put, for that is what
 * a lost reply or a crash leaves. Resolves when the bucket has said, for what is there now, that it has these bytes.
 * Rejects with `archive-contradicted` if there is something else that must not be replaced.
 */
export async function deposit(what: Deposit, ports: DepositPorts): Promise<Deposited> {
  const { bucket, progress, signal } = ports
  const { key, plan, keeping } = what
  const before = await bucket.head(key, signal)
  if (before !== undefined) {
    const verifiedBy = await whyAlike(before, what, ports)
    if (verifiedBy !== undefined) return await done(before, verifiedBy)
    if (keeping.ifAbsent) throw contradicted(bucket, key)
  }
  await (plan.parts.length === 1 ? putWhole(what, ports) : putInParts(what, ports))
  const after = await bucket.head(key, signal)
  if (after === undefined) {
    throw new GateError(
      'bucket-unavailable',
      `the bucket \`${bucket.name}\` took an object and does not have it`,
    )
  }
  const verifiedBy = await whyAlike(after, what, ports)
  if (verifiedBy === undefined) throw contradicted(bucket, key)
  return done(after, verifiedBy)

  async function done(stored: StoredObject, verified: Deposited['verifiedBy']): Promise<Deposited> {
    const underWay = await progress.read()
    if (underWay?.bucket === bucket.name && underWay.key === key) {
      await bucket.abort({ key, uploadId: underWay.uploadId, signal })
      await progress.remove()
    }
    return { stored, verifiedBy: verified }
  }
}

function contradicted(bucket: Bucket, key: string): GateError {
  const where = `\`${key}\` in the bucket \`${bucket.name}\``
  return new GateError('archive-contradicted', `${where} is not what was to be put there: it stays as it is`)
}

/**
 * How it is known that an object has the planned bytes; undefined if it has others. Where the store's checksum says
 * nothing, or was made over parts of another size, the object is read back.
 */
async function whyAlike(
  stored: StoredObject,
  { key, plan }: Deposit,
  { bucket, signal, strangers }: DepositPorts,
): Promise<Deposited['verifiedBy'] | undefined> {
  if (stored.bytes !== plan.bytes) return undefined
  if (stored.checksum === plan.checksum) return 'checksum'
  const version = `${stored.etag} ${stored.versionId ?? ''}`
  if (strangers?.get(key) === version) return undefined
  const read = createHash('sha256')
  let bytes = 0
  for await (const chunk of bucket.read(key, signal)) {
    bytes += chunk.length
    if (bytes > plan.bytes) return undefined
    read.update(chunk)
  }
  if (bytes < plan.bytes) {
    throw new GateError(
      'bucket-unavailable',
      `the bucket \`${bucket.name}\` gave a part of an object for the whole`,
    )
  }
  if (read.digest('hex') === plan.sha256) return 'reading'
  strangers?.set(key, version)
  return undefined
}

/** That something stands there now is not judged here: it may be ours, with a reply that was lost. */
async function putWhole(
  { key, file, plan, keeping }: Deposit,
  { bucket, signal }: DepositPorts,
): Promise<void> {
  const body = Buffer.alloc(plan.bytes)
  await readPart(file, body, 0, plan.checksum)
  await bucket.put(key, body, plan.checksum, keeping, signal)
}

async function readPart(
  file: SourceFile,
  body: Buffer,
  offset: number,
  checksum: string | undefined,
): Promise<void> {
  await readExactly(file, body, offset)
  if (hash('sha256', body, 'base64') !== checksum) throw changed()
}

async function putInParts(what: Deposit, ports: DepositPorts): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { upload, taken } = await resume(what, ports)
    const parts = await putParts(what, upload, taken, ports)
    if (parts === undefined) {
      // Somebody has aborted it, or a rule of the bucket has: begin anew.
      await ports.progress.remove()
      continue
    }
    await ports.bucket.finish(upload, parts, what.keeping)
    return
  }
  throw new GateError(
    'bucket-unavailable',
    `the bucket \`${ports.bucket.name}\` forgets uploads that are under way`,
  )
}

/** The upload that is under way, with the parts of it that need not be sent again; or a new one. */
async function resume(
  { key, plan, keeping }: Deposit,
  { bucket, progress, signal }: DepositPorts,
): Promise<{ upload: UploadPlace; taken: ReadonlyMap<number, string> }> {
  const found = await progress.read()
  const isOurs = found?.bucket === bucket.name && found.key === key
  if (found !== undefined && isOurs && found.sha256 === plan.sha256 && found.partBytes === plan.partBytes) {
    const upload = { key, uploadId: found.uploadId, signal }
    const listed = await bucket.listParts(upload)
    if (listed !== undefined) {
      const taken = new Map<number, string>()
      for (const { number, bytes, etag, checksum } of listed) {
        const isWhole = bytes === lengthOf(plan, number)
        const isKnown =
          checksum === undefined ? found.etags[number] === etag : checksum === plan.parts[number - 1]
        if (isWhole && isKnown) taken.set(number, etag)
      }
      return { upload, taken }
    }
  }
  // Of another key, or of what this one was to hold before: nobody goes on with it.
  if (found?.bucket === bucket.name) await bucket.abort({ ...found, signal })
  // Nobody else uploads to this key: what is under way is what a crash, or a lost reply, has left.
  for (const uploadId of await bucket.listUploads(key, signal)) await bucket.abort({ key, uploadId, signal })
  const uploadId = await bucket.begin(key, keeping, signal)
  const { sha256, partBytes } = plan
  await progress.write({ bucket: bucket.name, key, uploadId, sha256, partBytes, etags: {} })
  return { upload: { key, uploadId, signal }, taken: new Map() }
}

function lengthOf(plan: Plan, number: number): number {
  return Math.min(plan.partBytes, plan.bytes - (number - 1) * plan.partBytes)
}

/** Sends what is missing, a part at a time; undefined if there is no such upload any more. */
async function putParts(
  { key, file, plan }: Deposit,
  upload: UploadPlace,
  taken: ReadonlyMap<number, string>,
  { bucket, progress, signal }: DepositPorts,
): Promise<readonly NamedPart[] | undefined> {
  const etags = new Map(taken)
  const buffer = Buffer.alloc(plan.partBytes)
  for (const [index, checksum] of plan.parts.entries()) {
    const number = index + 1
    if (etags.has(number)) continue
    signal.throwIfAborted()
    const body = buffer.subarray(0, lengthOf(plan, number))
    await readPart(file, body, index * plan.partBytes, checksum)
    const etag = await bucket.putPart(upload, number, body, checksum)
    if (etag === undefined) return undefined
    etags.set(number, etag)
    const { sha256, partBytes } = plan
    const { uploadId } = upload
    await progress.write({
      bucket: bucket.name,
      key,
      uploadId,
      sha256,
      partBytes,
      etags: Object.fromEntries(etags),
    })
  }
  return plan.parts.map((checksum, i) => ({ number: i + 1, etag: etags.get(i + 1) ?? '', checksum }))
}
