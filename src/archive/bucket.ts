/**
 * A bucket as uploads and anchors use it: a port, so that tests can make every call fail, or lose its reply. All
 * calls but those that say otherwise reject with `bucket-unavailable`.
 */

/** A place in a bucket, and how to come there: the configuration's, in its form. */
export interface BucketPlace {
  readonly bucket: string
  /** Without a slash at its beginning, with one at its end; or empty. */
  readonly prefix: string
  readonly region: string
  readonly endpoint?: string
  readonly profile?: string
  readonly pathStyle: boolean
  readonly kmsKey?: string
  readonly retain?: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly durationMs: number }
}

/** An object, as the store tells of it. */
export interface StoredObject {
  readonly bytes: number
  /** SHA-256, of the object or of the digests of its parts, base64; absent where the store keeps none. */
  readonly checksum?: string
  readonly etag: string
  readonly versionId?: string
}

/** How an object is to be kept. */
export interface Keeping {
  /** Only where nothing stands under the key. */
  readonly ifAbsent: boolean
  readonly storageClass?: string
  readonly contentType: string
}

/** A part of an upload that is under way. */
export interface StoredPart {
  /** From 1. */
  readonly number: number
  readonly bytes: number
  readonly etag: string
  /** SHA-256 in base64; absent where the store keeps none. */
  readonly checksum?: string
}

/** What a finished upload is put together from. */
export interface NamedPart {
  readonly number: number
  readonly etag: string
  /** SHA-256 in base64. */
  readonly checksum: string
}

export interface Bucket {
  readonly name: string
  head(key: string, signal: AbortSignal): Promise<StoredObject | undefined>
  /** `checksum`: SHA-256 of the body, base64. False: something stands there, and it had to be absent. */
  put(key: string, body: Buffer, checksum: string, keeping: Keeping, signal: AbortSignal): Promise<boolean>
  read(key: string, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Begins an upload in parts; gives its id. */
  begin(key: string, keeping: Keeping, signal: AbortSignal): Promise<string>
  /** Gives the part's ETag; undefined if there is no such upload. */
  putPart(upload: UploadPlace, part: number, body: Buffer, checksum: string): Promise<string | undefined>
  /** Undefined if there is no such upload. */
  listParts(upload: UploadPlace): Promise<readonly StoredPart[] | undefined>
  /** False: there is no such upload, or something stands under the key and it had to be absent. */
  finish(upload: UploadPlace, parts: readonly NamedPart[], keeping: Keeping): Promise<boolean>
  /** No error if there is no such upload. */
  abort(upload: UploadPlace): Promise<void>
  /** Ids of uploads under way to exactly this key. */
  listUploads(key: string, signal: AbortSignal): Promise<readonly string[]>
  /** Lets go of connections; the next call makes new ones, and looks for credentials anew. */
  close(): void
}

/** An upload in parts, and what ends a call to it early. */
export interface UploadPlace {
  readonly key: string
  readonly uploadId: string
  readonly signal: AbortSignal
}
