/** What the reader of requests takes at most. Every limit has an error code of its own. */
export interface HttpLimits {
  /** Bytes of the request target: path and query. Beyond: `http-target-too-long`. */
  readonly targetBytes: number
  /** Parameters in a query. Beyond: `http-too-many-parameters`. */
  readonly queryParameters: number
  /** Number of headers. Beyond: `http-headers-too-large`. */
  readonly headers: number
  /** Bytes of all names and values of headers together. Beyond: `http-headers-too-large`. */
  readonly headerBytes: number
  /** Bytes of a form body. Beyond: `http-form-too-large`. */
  readonly formBytes: number
  /** Parameters in a form body. Beyond: `http-too-many-parameters`. */
  readonly formParameters: number
}

/**
 * AWS's own limits, rounded up: an S3 key is 1,024 bytes (3,072 percent-encoded) and a session token up to
 * some 4 KiB, presigned into the target; object metadata is 2 KiB; `PutMetricData` sends a form of 1 MB.
 */
export const HTTP_LIMITS: HttpLimits = Object.freeze({
  targetBytes: 16 * 1024,
  queryParameters: 500,
  headers: 128,
  headerBytes: 32 * 1024,
  formBytes: 4 * 1024 * 1024,
  formParameters: 50_000,
})
