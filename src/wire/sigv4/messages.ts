import type { ChecksumAlgorithm } from '../checksum/checksum.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
/** SHA-256 of nothing. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** What a signature is for: `DATE/REGION/SERVICE/aws4_request`. */
export interface CredentialScope {
  /** `20130524`: the UTC day of the signature. */
  readonly date: string
  /** `us-east-1` */
  readonly region: string
  /** The signing name: `s3`, `bedrock`. */
  readonly service: string
}

/** The encodings of a chunked body, by what is signed in it. */
export type ChunkVariant = 'signed' | 'signed-trailer' | 'unsigned-trailer'

/** A body in `aws-chunked` encoding, as its head announces it. */
export interface StreamingPayload {
  readonly kind: 'streaming'
  readonly variant: ChunkVariant
  /** `x-amz-decoded-content-length`: bytes of the body without its chunk frames. */
  readonly decodedLength: number
  /** The checksum that `x-amz-trailer` announces; set for the two trailer variants. */
  readonly trailer?: ChecksumAlgorithm
}

/** What the signature says of the body. */
export type Payload =
  /** The body has this SHA-256 (64 lower-case hex digits); whoever reads the body checks it. */
  | { readonly kind: 'sha256'; readonly hex: string }
  /** The signature does not cover the body. */
  | { readonly kind: 'unsigned' }
  | StreamingPayload
  /** No `x-amz-content-sha256`: the signature covers the SHA-256 of the whole body, to be computed. */
  | { readonly kind: 'absent' }

/** What a request says of its signature. Unverified until `verifySignature` and `checkTimes` return. */
export interface SignedRequest {
  readonly form: 'header' | 'presigned'
  readonly accessKeyId: string
  /** `X-Amz-Security-Token`; opaque here. */
  readonly sessionToken?: string
  readonly scope: CredentialScope
  /**
   * Lower case, sorted, unique; has `host` and every `x-amz-` header of the request. Whoever gives a meaning to
   * another header (`content-type`, `content-md5`, `range`, `if-match`) looks here first.
   */
  readonly signedHeaders: readonly string[]
  /** 64 lower-case hex digits. */
  readonly signature: string
  /** The moment of signing as the string to sign has it: `20130524T000000Z`. */
  readonly timestamp: string
  /** The same in ms since the epoch. */
  readonly timeMs: number
  /** Presigned: how long the URL lasts, ms. Set if and only if `form` is `presigned`. */
  readonly expiresMs?: number
  readonly payload: Payload
}
