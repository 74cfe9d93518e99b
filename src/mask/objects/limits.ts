/** What one read of a masked object may cost. Sizes in bytes. */
export interface ObjectLimits {
  /** What one compressed object may unpack to. */
  readonly inflatedBytes: number
  /** Bytes that each compressed byte may unpack to, over the whole object so far. */
  readonly inflationRatio: number
  /** What may be read of an object before the range that is asked for begins. */
  readonly skippedBytes: number
}

const MIB = 1024 * 1024

export const DEFAULT_OBJECT_LIMITS: ObjectLimits = {
  inflatedBytes: 64 * 1024 * MIB,
  // Logs that repeat themselves reach 100; DEFLATE ends at 1032, the others nowhere.
  inflationRatio: 1000,
  skippedBytes: 16 * 1024 * MIB,
}

/** Unpacked bytes before the ratio counts: a small object of one character is no bomb. */
export const RATIO_GRACE_BYTES: number = 16 * MIB

/** One coding in another is common (a `.gz` stored with `gzip`); a third is built to be opened. */
export const MAX_LAYERS = 2

/**
 * What is read of an object before anything of it passes, to see what it is. A block of zstd, which unpacks
 * only as a whole, has up to 128 KiB.
 */
export const HEAD_BYTES: number = 160 * 1024

/** The largest reply with an error; S3's are of a few hundred bytes. */
export const MAX_ERROR_BYTES: number = 256 * 1024
