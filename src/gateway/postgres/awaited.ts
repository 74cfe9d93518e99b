import { GateError } from '../../core/errors.ts'
import type { BackendMessage } from '../../wire/postgres/messages.ts'

/** What was sent to the server and has an answer to come. */
export type AwaitedKind = 'query' | 'parse' | 'bind' | 'describe' | 'execute' | 'close' | 'sync'

export interface Awaited {
  readonly kind: AwaitedKind
}

/** Where a message of the server belongs. */
export interface Place<A extends Awaited> {
  /** What it answers; undefined for what the server says of its own accord. */
  readonly item: A | undefined
  /** The answer of `item` is complete with it. */
  readonly ended: boolean
  /** What the server will never answer, for it failed before; in order, without `item`. */
  readonly skipped: readonly A[]
}

type Kind = BackendMessage['kind']

/** What the server says when it likes to. */
const ASYNCHRONOUS: ReadonlySet<Kind> = new Set(['notice', 'notification', 'parameter-status'])

/** What an answer may have in it, and what ends it. An error ends each, but the answer of a Query. */
const ANSWERS: Readonly<
  Record<AwaitedKind, { readonly within: readonly Kind[]; readonly end: readonly Kind[] }>
> = {
  query: {
    within: [
      ...(['row-description', 'data-row', 'command-complete', 'empty-query', 'error'] as const),
      ...(['copy-in-response', 'copy-out-response', 'copy-data', 'copy-done'] as const),
    ],
    end: ['ready'],
  },
  parse: { within: [], end: ['parse-complete'] },
  bind: { within: [], end: ['bind-complete'] },
  describe: { within: ['parameter-description'], end: ['row-description', 'no-data'] },
  execute: {
    within: ['data-row', 'copy-in-response', 'copy-out-response', 'copy-data', 'copy-done'],
    end: ['command-complete', 'empty-query', 'portal-suspended'],
  },
  close: { within: [], end: ['close-complete'] },
  sync: { within: [], end: ['ready'] },
}

/**
 * What the server has still to answer, in order.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 *
 * Invariant: each message of the server belongs to what was sent first and not answered in full yet; after an error in the
 * extended protocol the server reads on up to the next Sync and answers nothing, not even a Query. A message that has no
 * place here means that gate and server no longer speak of the same thing: nothing may pass any more.
 */
export class ReplyQueue<A extends Awaited> {
  readonly #items: A[] = []
  #skipping = false
  #closed = false

  /**
   * What was sent, or is about to be. False where the server is known to skip it: it will have no answer, and need not be
   * sent.
   */
  push(item: A): boolean {
    if (this.#closed || (this.#skipping && item.kind !== 'sync')) return false
    this.#skipping = false
    this.#items.push(item)
    return true
  }

  /** What is answered next. */
  get head(): A | undefined {
    return this.#items[0]
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** The place of a message. Throws `postgres-reply-malformed` for one that has none. */
  take(kind: Kind): Place<A> {
    const item = this.#items[0]
    if (ASYNCHRONOUS.has(kind)) return { item: undefined, ended: false, skipped: [] }
    // A server that ends says so whether it was asked something or not.
    if (kind === 'error' && item === undefined) return { item: undefined, ended: false, skipped: [] }
    if (item === undefined) throw misplaced(kind, 'nothing was asked')
    const { within, end } = ANSWERS[item.kind]
    if (end.includes(kind)) {
      this.#items.shift()
      return { item, ended: true, skipped: [] }
    }
    if (within.includes(kind)) return { item, ended: false, skipped: [] }
    if (kind !== 'error') throw misplaced(kind, `a ${item.kind} is to be answered`)
    // The error of a Sync is that of its commit; the server is ready behind it.
    if (item.kind === 'sync') return { item, ended: false, skipped: [] }
    this.#items.shift()
    return { item, ended: true, skipped: this.#skip() }
  }

  /** All that will not be answered any more: the connection is over. */
  abandon(): readonly A[] {
    this.#closed = true
    return this.#items.splice(0)
  }

  #skip(): readonly A[] {
    const sync = this.#items.findIndex(({ kind }) => kind === 'sync')
    this.#skipping = sync === -1
    return this.#items.splice(0, sync === -1 ? this.#items.length : sync)
  }
}

function misplaced(kind: Kind, why: string): GateError {
  return new GateError('postgres-reply-malformed', `the server sends \`${kind}\` while ${why}`)
}
