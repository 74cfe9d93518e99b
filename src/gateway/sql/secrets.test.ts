import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import { understand } from '../../interpret/sql/postgres/analyse/statement.ts'
import { openParser } from '../../interpret/sql/postgres/parse/parser.ts'
import { carriesSecrets } from './secrets.ts'
import { asked, type Understood, unknown } from './understood.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const COLUMNS = ['id', 'name', 'password_hash'].map(name => ({ schema: 'public', relation: 'people', name }))
const CATALOG: SchemaCatalog = {
  version: '1',
  relation: (schema, name) =>
    schema === 'public' && name === 'people'
      ? { schema, name, kind: 'table', columns: COLUMNS, children: [] }
      : undefined,
  functions: (schema, name) =>
    name === 'pgp_sym_decrypt' && schema === 'public'
      ? [
          {
            schema,
            name,
            volatility: 'immutable',
            language: 'c',
            kind: 'function',
            securityDefiner: false,
          },
        ]
      : [],
  isOwnOperator: () => false,
  isOwnType: () => false,
  hasSchema: name => name === 'public' || name === 'pg_catalog',
}

const parser = openParser({
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
})
after(() => parser.close())

async function understood(sql: string): Promise<Understood> {
  const parsed = await parser.parse(sql)
  if (parsed.kind !== 'statements') return unknown('not read', PLACE)
  const names = { searchPath: ['public', 'pg_catalog'] }
  return asked(
    parsed.statements.map(({ tree }) => understand(tree, CATALOG, names)),
    'nothing',
    PLACE,
  )
}

const isSecret = async (sql: string): Promise<boolean> => carriesSecrets(await understood(sql), sql)

describe('texts that carry secrets', () => {
  const secret = [
    "create role a login password 'canary'",
    "alter user a with encrypted password 'canary'",
    "alter role a set my.key = 'canary'",
    "create user mapping for a server s options (user 'u', passfile 'canary')",
    "alter server s options (set host 'canary')",
    "create subscription s connection 'host=canary' publication p",
    "alter system set ssl_passphrase_command = 'canary'",
    "set my.setting = 'canary'",
    "alter role a pass word 'canary'",
    "select pgp_sym_decrypt(name, 'canary') from people",
    "update people set password_hash = 'canary' where id = 1",
    "insert into people values (1, 'x', 'canary')",
  ]
  for (const sql of secret) {
    it(sql, async () => {
      const expected = !sql.includes('pass word')
      assert.equal(await isSecret(sql), expected)
    })
  }

  const plain = [
    'select id, name from people where id = 3',
    "set search_path to 'public'",
    "insert into people (id, name) values (1, 'x')",
    'create table t (a int)',
  ]
  for (const sql of plain) {
    it(`but not: ${sql}`, async () => assert.equal(await isSecret(sql), false))
  }

  it('also where nobody knows what they are', () => {
    const text = fc.tuple(
      fc.string(),
      fc.constantFrom('PASSWORD', 'Identified By', 'pgp_sym_encrypt'),
      fc.string(),
    )
    fc.assert(
      fc.property(text, parts => {
        assert.equal(carriesSecrets(unknown('no SQL', PLACE), parts.join(' ')), true)
      }),
    )
  })
})
