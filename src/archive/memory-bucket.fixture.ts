import { hash } from 'node:crypto'
import { GateError } from '../core/errors.ts'
import type { Bucket, Keeping, NamedPart, StoredObject, StoredPart, UploadPlace } from './bucket.ts'

/** What may happen to a call: nothing; no effect; an effect of which nobody is told. */
export type BucketFault = 'none' | 'fail' | 'lose'

interface Version extends StoredObject {
  readonly body: Buffer
  readonly keeping: Keeping
}

interface Upload {
  readonly key: string
  readonly keeping: Keeping
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>
}

/** A bucket with versions, which checks what S3 checks, and fails when told to. */
export class MemoryBucket implements Bucket {
  readonly name = 'bucket'
  /** Whether it knows checksums and `If-None-Match`, as S3 does and stand-ins may not. */
  knowsChecksums = true
  /** Every version of every object, in order. */
  readonly versions: Map<string, Version[]> = new Map()
  readonly uploads: Map<string, Upload> = new Map()
  /** Every call in order: `put KEY`. */
  readonly calls: string[] = []
  fault: (call: string) => BucketFault = () => 'none'
  #count = 0

  get keys(): string[] {
    return [...this.versions.keys()].sort()
  }

  bytes(key: string): Buffer | undefined {
    return this.versions.get(key)?.at(-1)?.body
  }

  /** What somebody else puts there. */
  plant(key: string, body: Buffer): void {
    this.#store(key, body, hash('sha256', body, 'base64'), { ifAbsent: false, contentType: 'text/plain' })
  }

  async head(key: string): Promise<StoredObject | undefined> {
    return this.#call('head', key, () => {
      const found = this.versions.get(key)?.at(-1)
      if (found === undefined) return undefined
      const { bytes, etag, versionId = '', checksum = '' } = found
      return { bytes, etag, versionId, ...(this.knowsChecksums ? { checksum } : {}) }
    })
  }

  async put(key: string, body: Buffer, checksum: string, keeping: Keeping): Promise<boolean> {
    return this.#call('put', key, () => {
      if (hash('sha256', body, 'base64') !== checksum) throw unavailable('BadDigest')
      if (keeping.ifAbsent && this.knowsChecksums && this.versions.has(key)) return false
      this.#store(key, Buffer.from(body), checksum, keeping)
      return true
    })
  }

  async *read(key: string): AsyncGenerator<Uint8Array> {
    const body = await this.#call('read', key, () => this.bytes(key))
    if (body === undefined) throw unavailable('NoSuchKey')
    for (let at = 0; at < body.length; at += 100) yield body.subarray(at, at + 100)
  }

  async begin(key: string, keeping: Keeping): Promise<string> {
    return this.#call('begin', key, () => {
      const id = `upload-${++this.#count}`
      this.uploads.set(id, { key, keeping, parts: new Map() })
      return id
    })
  }

  async putPart(
    upload: UploadPlace,
    part: number,
    body: Buffer,
    checksum: string,
  ): Promise<string | undefined> {
    return this.#call('putPart', upload.key, () => {
      if (hash('sha256', body, 'base64') !== checksum) throw unavailable('BadDigest')
      const etag = `"${hash('md5', body)}"`
      const found = this.uploads.get(upload.uploadId)
      found?.parts.set(part, { body: Buffer.from(body), etag })
      return found && etag
    })
  }

  async listParts({ key, uploadId }: UploadPlace): Promise<readonly StoredPart[] | undefined> {
    return this.#call('listParts', key, () => {
      const found = this.uploads.get(uploadId)
      return (
        found &&
        [...found.parts].map(([number, { body, etag }]) => {
          const checksum = hash('sha256', body, 'base64')
          return { number, bytes: body.length, etag, ...(this.knowsChecksums ? { checksum } : {}) }
        })
      )
    })
  }

  async finish(
    { key, uploadId }: UploadPlace,
    parts: readonly NamedPart[],
    keeping: Keeping,
  ): Promise<boolean> {
    return this.#call('finish', key, () => {
      const upload = this.uploads.get(uploadId)
      if (upload === undefined) return false
      const bodies = parts.map(({ number, etag }) => {
        const part = upload.parts.get(number)
        if (part?.etag !== etag) throw unavailable('InvalidPart')
        return part.body
      })
      if (keeping.ifAbsent && this.knowsChecksums && this.versions.has(key)) return false
      const digests = bodies.map(body => hash('sha256', body, 'buffer'))
      this.#store(
        key,
        Buffer.concat(bodies),
        hash('sha256', Buffer.concat(digests), 'base64'),
        upload.keeping,
      )
      this.uploads.delete(uploadId)
      return true
    })
  }

  async abort({ key, uploadId }: UploadPlace): Promise<void> {
    return this.#call('abort', key, () => void this.uploads.delete(uploadId))
  }

  async listUploads(key: string): Promise<readonly string[]> {
    return this.#call('listUploads', key, () =>
      [...this.uploads].filter(([, upload]) => upload.key === key).map(([id]) => id),
    )
  }

  close(): void {}

  #store(key: string, body: Buffer, checksum: string, keeping: Keeping): void {
    const versions = this.versions.get(key) ?? []
    this.versions.set(key, versions)
    const versionId = `v${++this.#count}`
    versions.push({ body, bytes: body.length, etag: `"${hash('md5', body)}"`, checksum, versionId, keeping })
  }

  async #call<T>(call: string, key: string, run: () => T): Promise<T> {
    this.calls.push(`${call} ${key}`)
    const fault = this.fault(call)
    if (fault === 'fail') throw unavailable('SlowDown')
    const result = run()
    if (fault === 'lose') throw unavailable('TimeoutError')
    return result
  }
}

function unavailable(name: string): GateError {
  return new GateError('bucket-unavailable', `the bucket answered \`${name}\``)
}
