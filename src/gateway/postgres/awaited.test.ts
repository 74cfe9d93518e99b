import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { BackendMessage } from '../../wire/postgres/messages.ts'
import { type Awaited, type AwaitedKind, ReplyQueue } from './awaited.ts'

type Reply = BackendMessage['kind']
interface Item extends Awaited {
  readonly number: number
  readonly fails: boolean
}

const ANSWERS: Readonly<Record<AwaitedKind, readonly Reply[]>> = {
  query: ['row-description', 'data-row', 'command-complete', 'ready'],
  parse: ['parse-complete'],
  bind: ['bind-complete'],
  describe: ['parameter-description', 'row-description'],
  execute: ['data-row', 'data-row', 'command-complete'],
  close: ['close-complete'],
  sync: ['ready'],
}

/** A server, as PostgreSQL behaves: what it says to what it is sent, by number of what it answers. */
class Server {
  #skipping = false

  says({ kind, number, fails }: Item): readonly (readonly [Reply, number])[] {
    if (this.#skipping && kind !== 'sync') return []
    this.#skipping = false
    if (!fails || kind === 'sync') return ANSWERS[kind].map(reply => [reply, number] as const)
    if (kind === 'query')
      return [
        ['data-row', number],
        ['error', number],
        ['ready', number],
      ]
    this.#skipping = true
    return [['error', number]]
  }
}

const sent = fc
  .array(
    fc.record({
      kind: fc.constantFrom<AwaitedKind>('query', 'parse', 'bind', 'describe', 'execute', 'close', 'sync'),
      fails: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map(items => items.map((item, number): Item => ({ ...item, number })))

describe('the queue of what is to be answered', () => {
  it('gives each reply to what it answers, whatever of it comes when, and loses nothing', () => {
    fc.assert(
      fc.property(sent, fc.infiniteStream(fc.boolean()), (items, comes) => {
        const server = new Server()
        const queue = new ReplyQueue<Item>()
        const pending: (readonly [Reply, number])[] = []
        const settled = new Map<number, string>()
        const settle = (number: number, how: string): void => {
          assert.ok(!settled.has(number), `${number} is settled twice`)
          settled.set(number, how)
        }
        const hear = (): void => {
          const [reply, number] = pending.shift() ?? assert.fail('nothing is said')
          const { item, ended, skipped } = queue.take(reply)
          assert.equal(item?.number, number)
          if (ended && item) settle(item.number, reply === 'error' ? 'failed' : 'answered')
          for (const each of skipped) settle(each.number, 'skipped')
        }
        for (const item of items) {
          if (!queue.push(item)) settle(item.number, 'skipped')
          // The server gets it all the same, and must skip it too.
          pending.push(...server.says(item))
          while (pending.length > 0 && comes.next().value === true) hear()
        }
        while (pending.length > 0) hear()
        assert.ok(queue.isEmpty)
        assert.equal(settled.size, items.length)
        const reference = new Server()
        for (const item of items) {
          const said = reference.says(item)
          const how = said.length === 0 ? 'skipped' : said.at(-1)?.[0] === 'error' ? 'failed' : 'answered'
          assert.equal(settled.get(item.number), how)
        }
      }),
    )
  })

  it('has no place for what was not asked', () => {
    const queue = new ReplyQueue<Awaited>()
    assert.throws(() => queue.take('data-row'), { code: 'postgres-reply-malformed' })
    queue.push({ kind: 'parse' })
    assert.throws(() => queue.take('command-complete'), { code: 'postgres-reply-malformed' })
    assert.equal(queue.take('notice').item, undefined)
    assert.equal(queue.take('parse-complete').ended, true)
    assert.equal(queue.take('error').item, undefined)
  })

  it('abandons all when the connection is over', () => {
    const queue = new ReplyQueue<Awaited>()
    queue.push({ kind: 'parse' })
    queue.push({ kind: 'sync' })
    assert.equal(queue.abandon().length, 2)
    assert.ok(queue.isEmpty)
  })
})
