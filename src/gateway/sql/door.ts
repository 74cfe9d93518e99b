/** How many may be there at once. Beyond: the client is told that it is one too many. */
export interface DoorLimits {
  /** Clients that have not said yet who they are. */
  readonly strangers: number
  /** Those of one address. */
  readonly strangersPerAddress: number
}

export const DOOR_LIMITS: DoorLimits = Object.freeze({ strangers: 1_024, strangersPerAddress: 256 })

/** Counts what is there at once, by a name. */
class Count {
  readonly #counts = new Map<string, number>()

  /** One more; false, and none, where there are as many as may be. */
  take(name: string, most: number): boolean {
    const now = this.#counts.get(name) ?? 0
    if (now >= most) return false
    this.#counts.set(name, now + 1)
    return true
  }

  giveBack(name: string): void {
    const left = (this.#counts.get(name) ?? 0) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }
}

/** Who is not let in, and why not. */
export interface Full {
  readonly full: string
}

/** Who is at the door, and who is inside: nobody takes all the places. */
export class Door {
  readonly #limits: DoorLimits
  readonly #addresses = new Count()
  readonly #targets = new Count()
  #strangers = 0

  constructor(limits: DoorLimits = DOOR_LIMITS) {
    this.#limits = limits
  }

  /** A client that nobody knows yet; gives what takes its place back, any number of times. */
  stranger(address: string): (() => void) | Full {
    const { strangers, strangersPerAddress } = this.#limits
    if (this.#strangers >= strangers) {
      return { full: `the gate has ${strangers} clients that are not logged in yet` }
    }
    if (!this.#addresses.take(address, strangersPerAddress)) {
      return {
        full: `the gate has ${strangersPerAddress} clients of this address that are not logged in yet`,
      }
    }
    this.#strangers += 1
    return once(() => {
      this.#strangers -= 1
      this.#addresses.giveBack(address)
    })
  }

  /** A client that comes to a target, of `most` connections; gives what takes its place back. */
  guest(target: string, most: number): (() => void) | Full {
    if (!this.#targets.take(target, most)) {
      return { full: `the target \`${target}\` has its ${most} connections through this gate` }
    }
    return once(() => this.#targets.giveBack(target))
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}
