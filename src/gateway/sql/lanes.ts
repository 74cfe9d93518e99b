/**
 * The processes that one gate consists of. The system gives a client to any of them, so that one who cancels may come to
 * another process than the one that runs what is to be cancelled: the ids that clients are told say whose they are.
 */
export interface Lanes {
  readonly own: number
  readonly count: number
}

/** A gate of one process. */
export const ALONE: Lanes = Object.freeze({ own: 0, count: 1 })

/** Drivers keep ids in 32 bits with a sign, and take 0 for none. */
const MOST = 0x7fff_ffff
const ATTEMPTS = 16

/** The lane that gave the id. */
export function laneOf(id: number, { count }: Lanes): number {
  return id % count
}

/**
 * An id of this lane that nobody has.
 *
 * @param draw 32 random bits
 */
export function freeId({ own, count }: Lanes, draw: () => number, isTaken: (id: number) => boolean): number {
  for (let i = 0; i < ATTEMPTS; i++) {
    const drawn = draw() & MOST
    const id = drawn - (drawn % count) + own
    if (id !== 0 && id <= MOST && !isTaken(id)) return id
  }
  let id = own === 0 ? count : own
  while (isTaken(id)) id += count
  return id
}
