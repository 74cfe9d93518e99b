import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeptRevocation, Revocation, RevocationStore } from '../../../src/core/revocation.ts'
import { idOf, NOW } from './samples.ts'

export function aRevocation(number: number, change: Partial<Revocation> = {}): Revocation {
  return {
    id: idOf('K', number),
    kind: 'session',
    of: idOf('S', number),
    issuedUntilMs: NOW,
    keepUntilMs: NOW + 1_000,
    by: 'okta/ann',
    reason: 'it went wild; \u{1f525}',
    atMs: NOW,
    ...change,
  }
}

type Store = RevocationStore & { close(): Promise<void> }

interface Shelf {
  open(): Promise<Store>
  remove(): Promise<void>
}

/** What every store has to do with revocations. */
export function revocationsContract(name: string, shelf: () => Promise<Shelf>): void {
  const on = (what: string, check: (store: Store, second: Store) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const place = await shelf()
      const stores = [await place.open(), await place.open()] as const
      try {
        await check(...stores)
      } finally {
        for (const store of stores) await store.close()
        await place.remove()
      }
    })
  }
  keeping(on)
  forgetting(on)
  bounds(on)
  racing(on)
}

type On = (what: string, check: (store: Store, second: Store) => Promise<void>) => void

const targets = (kept: readonly KeptRevocation[]): string[] => kept.map(({ revocation }) => revocation.of)

function keeping(on: On): void {
  on('orders are read from a number on, page by page, as they were given', async (store, second) => {
    assert.deepEqual(await store.revocations(0, 10), [])
    const orders = [1, 2, 3, 4, 5].map(number => aRevocation(number))
    for (const order of orders) await store.revoke(order, 100)
    const all = await second.revocations(0, 500)
    assert.deepEqual(
      all.map(({ revocation }) => revocation),
      orders,
    )
    assert.deepEqual(await second.revocations(0, 2), all.slice(0, 2))
    assert.deepEqual(await second.revocations(all[3]?.number ?? 0, 10), all.slice(3))
    await assert.rejects(async () => store.revocations(0, 501), RangeError)
  })

  on(
    'an order for the same target takes the place of the first, has a new number, and reaches as far',
    async store => {
      const role = { kind: 'role', of: 'arn:aws:iam::1:role/a' } as const
      await store.revoke(aRevocation(1, { ...role, issuedUntilMs: NOW + 5, keepUntilMs: NOW + 900 }), 100)
      await store.revoke(aRevocation(2), 100)
      const [first] = await store.revocations(0, 1)
      await store.revoke(aRevocation(3, { ...role, issuedUntilMs: NOW + 1, keepUntilMs: NOW + 950 }), 100)
      const after = await store.revocations(0, 10)
      assert.deepEqual(targets(after), [aRevocation(2).of, role.of])
      const merged = after[1]
      assert.ok((merged?.number ?? 0) > (first?.number ?? 0) + 1)
      assert.deepEqual(
        merged?.revocation,
        aRevocation(3, { ...role, issuedUntilMs: NOW + 5, keepUntilMs: NOW + 950 }),
      )
    },
  )

  on('a session, a principal and a role of one name are three targets', async store => {
    for (const [at, kind] of (['session', 'principal', 'role'] as const).entries()) {
      await store.revoke(aRevocation(at, { kind, of: 'x' }), 100)
    }
    assert.equal((await store.revocations(0, 10)).length, 3)
  })
}

function forgetting(on: On): void {
  on('what is over is forgotten when the next comes; numbers never come back', async (store, second) => {
    await store.revoke(aRevocation(1), 100)
    await store.revoke(aRevocation(2, { keepUntilMs: NOW + 5_000 }), 100)
    await store.revoke(aRevocation(3), 100)
    const numbers = (await store.revocations(0, 10)).map(({ number }) => number)
    await second.revoke(aRevocation(4, { atMs: NOW + 1_000, keepUntilMs: NOW + 1_500 }), 100)
    const left = await store.revocations(0, 10)
    assert.deepEqual(
      targets(left),
      [2, 3, 4].map(number => aRevocation(number).of),
      'the last row stays',
    )
    await second.revoke(aRevocation(5, { atMs: NOW + 9_000, keepUntilMs: NOW + 9_001 }), 100)
    const after = await store.revocations(0, 10)
    assert.deepEqual(
      targets(after),
      [4, 5].map(number => aRevocation(number).of),
    )
    assert.ok((after[1]?.number ?? 0) > Math.max(...numbers))
  })
}

function bounds(on: On): void {
  on('one person cannot fill the table; whose orders are over has room again', async store => {
    for (const number of [1, 2, 3]) await store.revoke(aRevocation(number), 3)
    await assert.rejects(store.revoke(aRevocation(4), 3), { code: 'revocations-too-many' })
    await store.revoke(aRevocation(3, { reason: 'again' }), 3)
    await store.revoke(aRevocation(4, { by: 'okta/ben' }), 3)
    await store.revoke(aRevocation(5, { atMs: NOW + 1_000, keepUntilMs: NOW + 2_000 }), 3)
  })
}

function racing(on: On): void {
  on(
    'of many orders at once each has a number, and none is seen before those below it',
    async (store, second) => {
      const count = 40
      let isDone = false
      const seen: number[] = []
      const reading = (async () => {
        while (!isDone) {
          const next = (seen.at(-1) ?? 0) + 1
          for (const { number } of await second.revocations(next, 500)) {
            assert.equal(number, (seen.at(-1) ?? 0) + 1, 'none was passed over')
            seen.push(number)
          }
        }
      })()
      await Promise.all(
        Array.from({ length: count }, (_, at) =>
          (at % 2 === 0 ? store : second).revoke(aRevocation(at), 1_000),
        ),
      )
      isDone = true
      await reading
      assert.equal((await store.revocations(0, 500)).length, count)
    },
  )
}
