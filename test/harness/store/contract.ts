import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GrantStore } from '../../../src/grants/port.ts'
import { listsContract } from './lists.ts'
import type { On } from './on.ts'
import { outboxContract, peopleContract } from './outbox.ts'
import { racesContract } from './races.ts'
import { changingContract, openingContract } from './requests.ts'
import { aRequest, idOf, NOW, only } from './samples.ts'

/** An empty store that several may open, as replicas do. */
export interface Shelf {
  open(): Promise<GrantStore>
  /** Takes it away once all are closed. */
  remove(): Promise<void>
}

/** What every store has to do, whatever it keeps things in. */
export function storeContract(name: string, shelf: () => Promise<Shelf>): void {
  const on: On = (what, check) => {
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
  openingContract(on)
  changingContract(on)
  racesContract(on)
  listsContract(on)
  outboxContract(on)
  peopleContract(on)
  closedContract(name, shelf)
}

function closedContract(name: string, shelf: () => Promise<Shelf>): void {
  test(`${name}: what was kept is there when it is opened again; a closed store says so`, async () => {
    const place = await shelf()
    const store = await place.open()
    const keeper = await place.open()
    await store.open(only(aRequest(1)), NOW)
    await store.close()
    if (store !== keeper) assert.deepEqual(await keeper.get(idOf('R', 1)), aRequest(1))
    await keeper.close()
    await assert.rejects(store.get(idOf('R', 1)), { code: 'store-unavailable' })
    await assert.rejects(store.open(only(aRequest(2)), NOW), { code: 'store-unavailable' })
    await place.remove()
  })
}
