import type { GrantStore } from '../../../src/grants/port.ts'

/** A test over two handles on one empty store. */
export type On = (what: string, check: (store: GrantStore, second: GrantStore) => Promise<void>) => void
