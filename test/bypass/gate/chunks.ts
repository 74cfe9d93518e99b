import { createHash, createHmac } from 'node:crypto'
import type { SignedRaw } from '../../harness/raw-client.ts'
import type { Chunks } from './attack.ts'

const EMPTY = createHash('sha256').digest('hex')
const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')

type Seed = Pick<SignedRaw, 'signature' | 'timestamp' | 'signingKey' | 'scope'>

/** Any seed makes the same number of bytes, which has to be known before the head is signed. */
const NO_SEED: Seed = {
  signature: '0'.repeat(64),
  timestamp: '',
  signingKey: Buffer.from('none'),
  scope: '',
}

/** What `x-amz-content-sha256` says. */
export function payloadHashOf({ variant }: Chunks): string {
  if (variant === 'unsigned-trailer') return 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  return `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${variant === 'signed' ? '' : '-TRAILER'}`
}

/** Bytes of the plain body, as the attacker announces it. */
export function announcedLength({ pieces, decodedLength }: Chunks): number {
  return decodedLength ?? Buffer.byteLength(pieces.join(''))
}

/** The body as `aws-chunked`, signed from `seed` on, with the attack in it. */
export function encodeChunks(chunks: Chunks, seed: Seed = NO_SEED): string {
  const signed = chunks.variant !== 'unsigned-trailer'
  let previous = seed.signature
  const sign = (text: readonly string[]): string => {
    previous = createHmac('sha256', seed.signingKey).update(text.join('\n')).digest('hex')
    return previous
  }
  const all = [...chunks.pieces, ''].map((data, number) => {
    const head = ['AWS4-HMAC-SHA256-PAYLOAD', seed.timestamp, seed.scope, previous, EMPTY, sha256(data)]
    const extension = signed ? `;chunk-signature=${sign(head)}` : ''
    const sent = chunks.swap?.[0] === number ? chunks.swap[1] : data
    return `${Buffer.byteLength(sent).toString(16)}${extension}\r\n${sent}${data === '' ? '' : '\r\n'}`
  })
  const order = chunks.order ?? all.map((_, number) => number)
  return `${order.map(number => all[number]).join('')}${trailerOf(chunks, seed, previous)}\r\n${chunks.extra ?? ''}`
}

function trailerOf({ trailer, variant, badTrailerSignature }: Chunks, seed: Seed, previous: string): string {
  if (trailer === undefined) return ''
  const line = `${trailer[0]}:${trailer[1]}`
  if (variant !== 'signed-trailer') return `${line}\r\n`
  const text = ['AWS4-HMAC-SHA256-TRAILER', seed.timestamp, seed.scope, previous, sha256(`${line}\n`)]
  const signature = createHmac('sha256', seed.signingKey).update(text.join('\n')).digest('hex')
  return `${line}\r\nx-amz-trailer-signature:${badTrailerSignature ? '0'.repeat(64) : signature}\r\n`
}
