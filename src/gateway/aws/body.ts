import type { IncomingMessage } from 'node:http'
import { GateError } from '../../core/errors.ts'

/**
 * The bytes of bodies that may be in memory at once, over all clients. What a call takes it gives back
 * when it ends, whichever way.
 */
export class BufferBudget {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Takes `bytes`, or throws `overloaded` and takes nothing. */
  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.#limitBytes) {
      throw new GateError(
        'overloaded',
        'the gate holds as many request bodies as `limits.bufferedBytes` allows',
      )
    }
    this.#usedBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }
}

/** A body that was read whole; `release` once, when it is no longer needed. */
export interface WholeBody {
  readonly bytes: Buffer
  release(): void
}

export const EMPTY_BODY: WholeBody = { bytes: Buffer.alloc(0), release: () => undefined }

/**
 * Reads a body into memory, up to `limitBytes`. The declared length is reserved before a byte is read,
 * so that a flood of large uploads is refused and not half read.
 *
 * Throws `body-too-large`, `overloaded`, or `client-gone`.
 */
export async function readWhole(
  request: IncomingMessage,
  limitBytes: number,
  budget: BufferBudget,
): Promise<WholeBody> {
  const declared = declaredLength(request)
  if (declared === 0) return EMPTY_BODY
  if (declared !== undefined && declared > limitBytes) throw tooLarge(limitBytes)
  const reservation = new Reservation(budget)
  try {
    reservation.upTo(declared ?? 0)
    const chunks = await collect(request, limitBytes, reservation)
    const only = chunks.length === 1 ? chunks[0] : undefined
    return { bytes: only ?? Buffer.concat(chunks), release: () => reservation.release() }
  } catch (error) {
    reservation.release()
    throw error
  }
}

function collect(request: IncomingMessage, limitBytes: number, reservation: Reservation): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const fail = (error: unknown): void => {
      request.pause()
      reject(error)
    }
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > limitBytes) return fail(tooLarge(limitBytes))
      try {
        reservation.upTo(length)
        chunks.push(chunk)
      } catch (error) {
        fail(error)
      }
    })
    request.once('end', () => resolve(chunks))
    request.once('error', () => fail(gone()))
    request.once('close', () => fail(gone()))
  })
}

/** What one body has taken of the budget. */
class Reservation {
  readonly #budget: BufferBudget
  #bytes = 0

  constructor(budget: BufferBudget) {
    this.#budget = budget
  }

  upTo(bytes: number): void {
    if (bytes <= this.#bytes) return
    this.#budget.take(bytes - this.#bytes)
    this.#bytes = bytes
  }

  release(): void {
    this.#budget.giveBack(this.#bytes)
    this.#bytes = 0
  }
}

/** Content-Length as Node's parser checked it; undefined for a chunked body, 0 where there is no body. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length']
  if (length !== undefined) return Number(length)
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined
}

function tooLarge(limitBytes: number): GateError {
  return new GateError(
    'body-too-large',
    `the body is larger than the ${limitBytes} bytes that the gate reads whole`,
  )
}

function gone(): GateError {
  return new GateError('client-gone', 'the client left before its request was complete')
}
