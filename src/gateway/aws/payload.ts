import { hash } from 'node:crypto'
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import type { Incoming } from '../../listener/server.ts'
import { bytesCarryMask } from '../../mask/marker.ts'
import { UploadScan } from '../../mask/objects/upload-scan.ts'
import type { UpstreamBody } from '../../upstream/port.ts'
import { DecodedBody, HashedBody } from '../../wire/sigv4/body.ts'
import { ChunkChain } from '../../wire/sigv4/chunk-chain.ts'
import { ChunkReader } from '../../wire/sigv4/chunk-reader.ts'
import { type BufferBudget, readWhole, type WholeBody } from './body.ts'
import type { Identified } from './identify.ts'

/** Bytes of the body without its chunk frames; undefined where the head does not tell. */
export function payloadLength({ signed, request }: Identified): number | undefined {
  return signed.payload.kind === 'streaming' ? signed.payload.decodedLength : request.contentLength
}

/**
 * The body's plain bytes, each released only once the signature that covers it has been verified; ends in
 * `payload-*` or `chunk-*` where it does not hold. A client that leaves ends it with `client-gone`.
 */
export function openPayload({ request: source }: Incoming, identified: Identified): Readable {
  const verified = verifier(identified)
  const leave = (): void => {
    if (!source.complete) {
      verified.destroy(new GateError('client-gone', 'the client left before its request was complete'))
    }
  }
  source.once('error', leave)
  source.once('close', leave)
  source.pipe(verified)
  return verified
}

function verifier({ signed, key }: Identified): Transform {
  const { payload } = signed
  switch (payload.kind) {
    case 'sha256':
      return new HashedBody(payload.hex)
    case 'streaming': {
      const seeded = payload.variant === 'unsigned-trailer' ? undefined : signed.signature
      const chain = seeded === undefined ? undefined : new ChunkChain(key, signed.timestamp, seeded)
      return new DecodedBody(new ChunkReader(payload, chain))
    }
    case 'unsigned':
      return new PassThrough()
    case 'absent':
      throw new GateError('internal', 'a body that only the signature covers was to be streamed')
  }
}

/**
 * Reads the body whole, verified. A body that came as it is needs no stream for that: it is hashed once it
 * is there. Throws what `readWhole` throws, `payload-*` and `chunk-*`.
 */
export async function readPayload(
  incoming: Incoming,
  identified: Identified,
  limitBytes: number,
  budget: BufferBudget,
): Promise<WholeBody> {
  const { payload } = identified.signed
  const length = payloadLength(identified)
  if (payload.kind === 'streaming')
    return readWhole(openPayload(incoming, identified), length, limitBytes, budget)
  const body = await readWhole(incoming.request, length, limitBytes, budget)
  try {
    if (payload.kind === 'sha256' && hash('sha256', body.bytes) !== payload.hex) {
      throw new GateError('payload-hash-mismatch', 'the body does not have the SHA-256 that was signed')
    }
    return body
  } catch (error) {
    body.release()
    throw error
  }
}

/** The body as the upstream streams it on. Throws `payload-length-missing` where no length was given. */
export function streamedBody(incoming: Incoming, identified: Identified): UpstreamBody {
  const { payload } = identified.signed
  const length = payloadLength(identified)
  if (length === undefined) {
    throw new GateError('payload-length-missing', 'a streamed body needs its length in `content-length`')
  }
  const bytes = openPayload(incoming, identified)
  const stream = { kind: 'stream', bytes, length } as const
  if (payload.kind === 'sha256') return { ...stream, sha256: payload.hex }
  if (payload.kind !== 'streaming') return stream
  return {
    ...stream,
    chunkSigned: payload.variant !== 'unsigned-trailer',
    ...(payload.trailer === undefined ? {} : { trailer: `x-amz-checksum-${payload.trailer}` }),
  }
}

/**
 * The body, which breaks where a mask of the gate's own is in it: S3 keeps nothing of what is cut short.
 * @param contentEncoding what the object is said to be packed in
 */
export function scanned(body: UpstreamBody, contentEncoding: unknown): UpstreamBody {
  if (body.kind !== 'stream') return body
  const scan = new UploadScan(typeof contentEncoding === 'string' ? { contentEncoding } : {})
  // `pipeline` hands errors on in both directions; whoever reads `scan` sees them.
  pipeline(body.bytes, scan, () => undefined)
  return { ...body, bytes: scan }
}

/** A body that was read whole, if it carries no mask. Throws `mask-carried-back`. */
export function scannedWhole(body: UpstreamBody): UpstreamBody {
  if (body.kind === 'whole' && bytesCarryMask(body.bytes)) {
    throw new GateError('mask-carried-back', 'the upload has a mask in it that the gate made')
  }
  return body
}
