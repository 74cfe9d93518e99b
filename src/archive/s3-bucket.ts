import type { S3Client } from '@aws-sdk/client-s3'
import type { Clock } from '../core/clock.ts'
import type {
  Bucket,
  BucketPlace,
  Keeping,
  NamedPart,
  StoredObject,
  StoredPart,
  UploadPlace,
} from './bucket.ts'
import { bucketFailure, isStale, isTaken, readFailure } from './s3-errors.ts'
import { limitReplies } from './s3-reply-limit.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

const CONNECT_MS = 5_000
/** Without a byte in either direction. */
const IDLE_MS = 60_000
/** Tries of one call, with the SDK's own pauses: the archivist's come on top. */
const TRIES = 3
/** Parts that one page of a listing has at most. */
const PAGE_PARTS = 1000
/** Pages of a listing: S3 has no upload of more than 10,000 parts. */
const MAX_PAGES = 10

/** Opens a bucket by the AWS SDK, which is loaded at the first call. */
export function openS3Bucket(place: BucketPlace, clock: Clock): Bucket {
  return new S3Bucket(place, clock)
}

class S3Bucket implements Bucket {
  readonly name: string
  readonly #place: BucketPlace
  readonly #clock: Clock
  #client: S3Client | undefined
  /** Some stand-ins know no conditional writes: there, what was there before is looked for alone. */
  #hasConditions = true

  constructor(place: BucketPlace, clock: Clock) {
    this.name = place.bucket
    this.#place = place
    this.#clock = clock
  }

  async head(key: string, abortSignal: AbortSignal): Promise<StoredObject | undefined> {
    return this.#call('HeadObject', async (client, sdk) => {
      const input = { Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' as const }
      const found = await client.send(new sdk.HeadObjectCommand(input), { abortSignal }).catch(unlessMissing)
      return (
        found && {
          bytes: found.ContentLength ?? -1,
          etag: found.ETag ?? '',
          ...(found.VersionId === undefined ? {} : { versionId: found.VersionId }),
          ...checksumOf(found.ChecksumSHA256),
        }
      )
    })
  }

  async put(
    key: string,
    body: Buffer,
    checksum: string,
    keeping: Keeping,
    abortSignal: AbortSignal,
  ): Promise<boolean> {
    return this.#conditionally('PutObject', keeping, async (client, sdk, condition) => {
      const input = { Bucket: this.name, Key: key, Body: body, ...checksummed(checksum) }
      const kept = { ...this.#kept(client, keeping), ...condition }
      await client.send(new sdk.PutObjectCommand({ ...input, ...kept }), { abortSignal })
    })
  }

  async *read(key: string, abortSignal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { Body: body } = await this.#call('GetObject', (client, sdk) =>
      client.send(new sdk.GetObjectCommand({ Bucket: this.name, Key: key }), { abortSignal }),
    )
    try {
      if (body === undefined) throw new Error('no body')
      // In Node, the body is a readable stream: https://github.com/aws/aws-sdk-js-v3#streams
      yield* body as AsyncIterable<Uint8Array>
    } catch (error) {
      throw bucketFailure(this.name, 'GetObject', error)
    }
  }

  async begin(key: string, keeping: Keeping, abortSignal: AbortSignal): Promise<string> {
    return this.#call('CreateMultipartUpload', async (client, sdk) => {
      const input = { Bucket: this.name, Key: key, ...this.#kept(client, keeping) }
      const composite = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
      const { UploadId: id } = await client.send(
        new sdk.CreateMultipartUploadCommand({ ...input, ...composite }),
        { abortSignal },
      )
      if (id === undefined) throw new Error('no upload id')
      return id
    })
  }

  async putPart(
    upload: UploadPlace,
    part: number,
    body: Buffer,
    checksum: string,
  ): Promise<string | undefined> {
    return this.#call('UploadPart', async (client, sdk) => {
      const input = { ...this.#upload(upload), PartNumber: part, Body: body, ...checksummed(checksum) }
      const found = await client
        .send(new sdk.UploadPartCommand(input), { abortSignal: upload.signal })
        .catch(unlessMissing)
      return found && (found.ETag ?? '')
    })
  }

  async listParts(upload: UploadPlace): Promise<readonly StoredPart[] | undefined> {
    const parts: StoredPart[] = []
    let marker: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const found = await this.#call('ListParts', (client, sdk) => {
        const from = marker === undefined ? {} : { PartNumberMarker: marker }
        const input = { ...this.#upload(upload), MaxParts: PAGE_PARTS, ...from }
        return client
          .send(new sdk.ListPartsCommand(input), { abortSignal: upload.signal })
          .catch(unlessMissing)
      })
      if (found === undefined) return undefined
      for (const { PartNumber: number, Size: bytes, ETag: etag, ChecksumSHA256: sum } of found.Parts ?? []) {
        if (number === undefined || bytes === undefined || etag === undefined) continue
        parts.push({ number, bytes, etag, ...checksumOf(sum) })
      }
      marker = found.NextPartNumberMarker
      if (found.IsTruncated !== true) break
    }
    return parts
  }

  async finish(upload: UploadPlace, parts: readonly NamedPart[], keeping: Keeping): Promise<boolean> {
    const named = parts.map(({ number, etag, checksum }) => {
      return { PartNumber: number, ETag: etag, ChecksumSHA256: checksum }
    })
    return this.#conditionally('CompleteMultipartUpload', keeping, async (client, sdk, condition) => {
      const input = { ...this.#upload(upload), MultipartUpload: { Parts: named }, ...condition }
      await client.send(new sdk.CompleteMultipartUploadCommand(input), { abortSignal: upload.signal })
    })
  }

  async abort(upload: UploadPlace): Promise<void> {
    await this.#call('AbortMultipartUpload', (client, sdk) =>
      client
        .send(new sdk.AbortMultipartUploadCommand(this.#upload(upload)), { abortSignal: upload.signal })
        .catch(unlessMissing),
    )
  }

  async listUploads(key: string, abortSignal: AbortSignal): Promise<readonly string[]> {
    return this.#call('ListMultipartUploads', async (client, sdk) => {
      const input = { Bucket: this.name, Prefix: key }
      const { Uploads: uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand(input), {
        abortSignal,
      })
      return uploads.flatMap(({ Key, UploadId }) => (Key === key && UploadId !== undefined ? [UploadId] : []))
    })
  }

  close(): void {
    this.#client?.destroy()
    this.#client = undefined
  }

  #upload({ key, uploadId }: UploadPlace): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.name, Key: key, UploadId: uploadId }
  }

  /** Encryption, class and retention. Where retention ends is counted from the store's clock, if ours is wrong. */
  #kept(client: S3Client, { contentType, storageClass }: Keeping): object {
    const { kmsKey, retain } = this.#place
    const nowMs = this.#clock.now() + client.config.systemClockOffset
    return {
      ContentType: contentType,
      ...(storageClass === undefined ? {} : { StorageClass: storageClass }),
      ...(kmsKey === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey }),
      ...(retain === undefined
        ? {}
        : {
            ObjectLockMode: retain.mode,
            ObjectLockRetainUntilDate: new Date(nowMs + retain.durationMs),
          }),
    }
  }

  /** A write that must not replace anything. False if something is in its way. */
  async #conditionally(
    operation: string,
    { ifAbsent }: Keeping,
    write: (client: S3Client, sdk: Sdk, condition: { IfNoneMatch?: string }) => Promise<void>,
  ): Promise<boolean> {
    return this.#call(operation, async (client, sdk) => {
      try {
        await write(client, sdk, ifAbsent && this.#hasConditions ? { IfNoneMatch: '*' } : {})
        return true
      } catch (error) {
        const failure = readFailure(error)
        if (isTaken(failure) || failure.name === 'NoSuchUpload') return false
        if (failure.status !== 501 || !ifAbsent || !this.#hasConditions) throw error
      }
      this.#hasConditions = false
      await write(client, sdk, {})
      return true
    })
  }

  async #call<T>(operation: string, run: (client: S3Client, sdk: Sdk) => Promise<T>): Promise<T> {
    try {
      const sdk = await import('@aws-sdk/client-s3')
      this.#client ??= await makeClient(sdk, this.#place)
      return await run(this.#client, sdk)
    } catch (error) {
      if (isStale(readFailure(error))) this.close()
      throw bucketFailure(this.name, operation, error)
    }
  }
}

async function makeClient(sdk: Sdk, place: BucketPlace): Promise<S3Client> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
  const client = new sdk.S3Client({
    region: place.region,
    credentials: defaultProvider(place.profile === undefined ? {} : { profile: place.profile }),
    forcePathStyle: place.pathStyle,
    // `AWS_ENDPOINT_URL` leads clients to gates: the gate's own client goes where the configuration says.
    ignoreConfiguredEndpointUrls: true,
    maxAttempts: TRIES,
    // Checksums are ours, made before the bytes are sent; what is read back is hashed by us, too.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
  })
  limitReplies(client)
  return client
}

/** The algorithm is named beside the checksum: stand-ins look for one or the other. */
function checksummed(checksum: string): { ChecksumAlgorithm: 'SHA256'; ChecksumSHA256: string } {
  return { ChecksumAlgorithm: 'SHA256', ChecksumSHA256: checksum }
}

/** The checksum of an object of parts ends with `-` and their count, in some stores. */
function checksumOf(found: string | undefined): { checksum?: string } {
  const [checksum] = found?.split('-') ?? []
  return checksum === undefined || checksum === '' ? {} : { checksum }
}

/** Undefined for what is not there; the bucket itself has to be. */
function unlessMissing(error: unknown): undefined {
  const { name, status } = readFailure(error)
  if (status === 404 && name !== 'NoSuchBucket') return undefined
  throw error
}
