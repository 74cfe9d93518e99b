/** What the reader of signatures takes at most. */
export interface SigV4Limits {
  /** Bytes of an `Authorization` header, or of one signature parameter of a query. */
  readonly fieldBytes: number
  /** Names in SignedHeaders. */
  readonly signedHeaders: number
  /** How far the client's clock may be off, ms. AWS: 5 minutes for most services. */
  readonly skewMs: number
  /** Longest life of a presigned URL, ms. AWS: 7 days. */
  readonly presignedMs: number
  /** Bytes of one signed chunk, which is held in memory until its signature is verified. */
  readonly signedChunkBytes: number
  /** Bytes of a line between chunks: size, signature, trailer. */
  readonly lineBytes: number
}

export const SIGV4_LIMITS: SigV4Limits = Object.freeze({
  fieldBytes: 16 * 1024,
  signedHeaders: 128,
  skewMs: 5 * 60 * 1000,
  presignedMs: 7 * 24 * 60 * 60 * 1000,
  signedChunkBytes: 8 * 1024 * 1024,
  lineBytes: 512,
})
