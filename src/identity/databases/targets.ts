import { GateError } from '../../core/errors.ts'
import type { KnownTarget } from './port.ts'

/** The databases behind the gate that one engine's protocol reaches, by what clients call them. */
export class Targets {
  readonly #targets: readonly KnownTarget[]
  readonly #listenPorts: () => readonly number[]

  /** `listenPorts`: where clients of this engine reach the gate; tokens may be for these, too. */
  constructor(targets: readonly KnownTarget[], listenPorts: () => readonly number[]) {
    this.#targets = targets
    this.#listenPorts = listenPorts
  }

  /**
   * The one target that a token for the place is for: its host or its name, with the port of the target or the gate's own.
   * Where it could be for two (databases of one server), it is for neither: such a token names its target by name.
   * Throws `database-token-misdirected`.
   */
  ofPlace(host: string, port: number): KnownTarget {
    const called = this.#called(host)
    const here = this.#listenPorts().includes(port)
    const [target, ...others] = called.filter(each => here || each.port === port)
    if (target === undefined) {
      const why = called.length > 0 ? `of a target, but not with the port \`${port}\`` : 'of no target here'
      throw misdirected(`it is for a host ${why}`)
    }
    if (others.length > 0) {
      throw misdirected(
        `it could be for \`${target.name}\` or for \`${others[0]?.name}\`: sign it for the name of one`,
      )
    }
    return target
  }

  /**
   * Checks that a client with a proof for this target does not want another: it may name the target as it is called here, by
   * the database in the server, or not at all. A client that names none sends its user in that place, by the protocol of
   * PostgreSQL, or nothing. Throws `database-token-misdirected`.
   */
  checkNamed(
    target: KnownTarget,
    { database, user }: { readonly database: string; readonly user: string },
  ): void {
    const called = this.#called(database)
    if (called.includes(target)) return
    if (called.length === 0 && [target.database, user, ''].includes(database)) return
    throw misdirected(`it is for \`${target.name}\`, and the client asks for another database`)
  }

  /** The one target that is called so, by its name or its host. Throws `database-target-unknown`. */
  named(database: string): KnownTarget {
    const [target, ...others] = this.#called(database)
    if (target !== undefined && others.length === 0) return target
    const why = target === undefined ? 'names no target' : 'is the host of several targets: name one of them'
    throw new GateError('database-target-unknown', `what the client gives as the database ${why}`)
  }

  #called(text: string): readonly KnownTarget[] {
    const folded = text.toLowerCase()
    return this.#targets.filter(
      ({ name, host }) => name.toLowerCase() === folded || host.toLowerCase() === folded,
    )
  }
}

function misdirected(why: string): GateError {
  return new GateError('database-token-misdirected', `the token is not for this database: ${why}`)
}
