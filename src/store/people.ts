import { Buffer } from 'node:buffer'
import type { Person } from '../grants/model.ts'
import { damaged } from './errors.ts'
import { personRow, readPerson } from './rows.ts'
import type { Db } from './schema.ts'

export const SECRET_BYTES = 32

/** See `GrantStore.rememberPerson`: the latest proof counts, in whatever order they come. */
export async function rememberPerson(db: Db, person: Person, verifiedAtMs: number): Promise<void> {
  const { id, ...row } = personRow(person, verifiedAtMs)
  await db
    .insertInto('people')
    .values({ id, ...row })
    .onConflict(conflict =>
      conflict.column('id').doUpdateSet(row).where('people.verified_at', '<=', verifiedAtMs),
    )
    .execute()
}

export interface KnownPerson {
  readonly person: Person
  readonly verifiedAtMs: number
}

export async function person(db: Db, id: string): Promise<KnownPerson | undefined> {
  const row = await db.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst()
  return row && { person: readPerson(row), verifiedAtMs: row.verified_at }
}

/** See `GrantStore.secret`: whoever comes second finds what the first has kept. */
export async function secret(db: Db, name: string, fresh: Buffer): Promise<Buffer> {
  await db
    .insertInto('secrets')
    .values({ name, value: fresh })
    .onConflict(conflict => conflict.column('name').doNothing())
    .execute()
  const { value } = await db
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  if (value.length !== SECRET_BYTES) throw damaged(`secrets ${name}`, `it is not ${SECRET_BYTES} bytes long`)
  return Buffer.from(value)
}
