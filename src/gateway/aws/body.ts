import type { Readable } from 'node:stream'
import { asGateError, GateError } from '../../core/errors.ts'

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
      throw new GateError('overloaded', 'the gate holds as many bodies as `limits.buffered` allows')
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
 * so that a flood of large uploads is refused and not half read. `declaredBytes` is undefined where the
 * head does not tell the length.
 *
 * Throws `body-too-large`, `overloaded`, `client-gone`, and what the source fails with.
 */
export async function readWhole(
  source: Readable,
  declaredBytes: number | undefined,
  limitBytes: number,
  budget: BufferBudget,
): Promise<WholeBody> {
  if (declaredBytes === 0) return EMPTY_BODY
  if (declaredBytes !== undefined && declaredBytes > limitBytes) throw tooLarge(limitBytes)
  const reservation = new Reservation(budget)
  try {
    reservation.upTo(declaredBytes ?? 0)
    const chunks = await collect(source, limitBytes, reservation)
    const only = chunks.length === 1 ? chunks[0] : undefined
    return { bytes: only ?? Buffer.concat(chunks), release: () => reservation.release() }
  } catch (error) {
    reservation.release()
    throw error
  }
}

function collect(source: Readable, limitBytes: number, reservation: Reservation): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (error: GateError | undefined): void => {
      source.off('data', onData)
      source.off('end', onEnd)
      source.off('error', onError)
      source.off('close', onClose)
      if (error === undefined) {
        resolve(chunks)
        return
      }
      source.pause()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      try {
        if (length > limitBytes) throw tooLarge(limitBytes)
        reservation.upTo(length)
        chunks.push(chunk)
      } catch (error) {
        settle(asGateError(error))
      }
    }
    const onEnd = (): void => settle(undefined)
    const onError = (error: Error): void => settle(error instanceof GateError ? error : gone())
    const onClose = (): void => settle(gone())
    source.on('data', onData)
    source.on('end', onEnd)
    source.on('error', onError)
    source.on('close', onClose)
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

function tooLarge(limitBytes: number): GateError {
  return new GateError(
    'body-too-large',
    `the body is larger than the ${limitBytes} bytes that the gate reads whole`,
  )
}

function gone(): GateError {
  return new GateError('client-gone', 'the client left before its request was complete')
}
