import { GateError } from '../../core/errors.ts'
import { complaintFields, writeBackend } from '../../wire/postgres/writer.ts'
import type { AwaitedApproval } from '../approval.ts'
import type { Held } from '../exchange.ts'

/** Runs it once, after so many ms; gives what takes that back. */
export type After = (delayMs: number, run: () => void) => () => void

/** How often a client that waits is told that its connection lives, ms: proxies cut what is silent for a minute. */
export const KEEP_ALIVE_MS = 10_000

export interface ClientHoldPorts {
  /** Tells the client, between two messages of the server. */
  tell(bytes: Buffer): void
  /**
   * A setting of the server that the client knows already, as the server said it: saying it again is the one message that
   * every client takes at any time and none shows.
   */
  readonly setting: readonly [name: string, value: string] | undefined
  readonly after: After
}

/** Keeps a client while people are asked. It waits for one thing at a time. */
export class ClientHold {
  readonly #ports: ClientHoldPorts
  readonly #left = new AbortController()
  #cancelled: AbortController | undefined

  constructor(ports: ClientHoldPorts) {
    this.#ports = ports
  }

  /** Runs `wait` until it ends, the client leaves, or it cancels: then it rejects with `sql-cancelled`. */
  async hold(wait: (left: AbortSignal) => Promise<void>, awaited: AwaitedApproval): Promise<Held> {
    if (this.#left.signal.aborted) return 'left'
    const cancelled = new AbortController()
    this.#cancelled = cancelled
    this.#ports.tell(notice(awaited))
    const stop = this.#keepAlive()
    try {
      await wait(AbortSignal.any([this.#left.signal, cancelled.signal]))
    } finally {
      stop()
      this.#cancelled = undefined
    }
    if (cancelled.signal.aborted) {
      throw new GateError('sql-cancelled', 'the statement was cancelled while it waited for an approval')
    }
    return this.#left.signal.aborted ? 'left' : 'held'
  }

  /** The client cancels what it waits for; false where it waits for nothing. */
  cancel(): boolean {
    this.#cancelled?.abort()
    return this.#cancelled !== undefined
  }

  /** The client is gone, or its session has ended. */
  leave(): void {
    this.#left.abort()
  }

  #keepAlive(): () => void {
    const { tell, setting, after } = this.#ports
    if (setting === undefined) return () => undefined
    const [name, value] = setting
    const again = writeBackend({ kind: 'parameter-status', name, value })
    let stop = (): void => undefined
    const next = (): void => {
      stop = after(KEEP_ALIVE_MS, () => {
        tell(again)
        next()
      })
    }
    next()
    return () => stop()
  }
}

function notice({ requestId, url, from, holdMs }: AwaitedApproval): Buffer {
  const seconds = Math.round(holdMs / 1000)
  return writeBackend({
    kind: 'notice',
    fields: complaintFields({
      severity: 'NOTICE',
      sqlstate: '00000',
      message: `waiting for an approval: ${url}`,
      detail: `Access request ${requestId} waits for ${from}, ${seconds} s at most.`,
      hint: 'It can be cancelled meanwhile; the access request stays open.',
    }),
  })
}
