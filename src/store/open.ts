import type { Redacted } from '../core/redacted.ts'
import type { RevocationStore } from '../core/revocation.ts'
import type { GrantStore } from '../grants/port.ts'
import type { Engine } from './engine.ts'
import { asStoreError } from './errors.ts'
import { SqlGrantStore } from './grant-store.ts'
import { migrate } from './migrate.ts'

/** Where access requests are kept. The URL of PostgreSQL may hold a password. */
export type StoreSettings =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: Redacted }

/** Everything that the gate keeps beside its journal. */
export type Store = GrantStore & RevocationStore

/**
 * Opens the store and brings it to the version of this code. Errors: `store-unavailable`, `store-newer`,
 * `store-unsafe` (others can write the file), `store-url-invalid`.
 */
export async function openStore(settings: StoreSettings): Promise<Store> {
  try {
    const engine = await openEngine(settings)
    try {
      await migrate(engine, Date.now())
    } catch (error) {
      await engine.close()
      throw error
    }
    return new SqlGrantStore(engine)
  } catch (error) {
    throw asStoreError(error)
  }
}

/** Each database's driver is loaded only where it is used. */
export async function openEngine(settings: StoreSettings): Promise<Engine> {
  if (settings.kind === 'postgres') return (await import('./postgres.ts')).openPostgres(settings.url)
  return await (await import('./sqlite.ts')).openSqlite(settings.path)
}
