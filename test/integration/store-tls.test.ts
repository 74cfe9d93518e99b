import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Redacted } from '../../src/core/redacted.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { selfSigned } from '../harness/certificate.ts'
import { startPostgres } from '../harness/postgres.ts'

test('the database proves who it is, as far as the URL asks', async t => {
  const tls = await selfSigned()
  const stranger = await selfSigned()
  const server = await startPostgres({ tls })
  if ('missing' in server) return t.skip(server.missing)
  try {
    const root = join(server.folder, 'root.pem')
    const other = join(server.folder, 'other.pem')
    writeFileSync(root, tls.certificate)
    writeFileSync(other, stranger.certificate)
    /** The version of TLS by which the connection came, or the code of what was in the way. */
    const come = async (host: string, parameters: string): Promise<string | null> => {
      const url = new URL(`${server.url}?${parameters}`)
      url.hostname = host
      const engine = openPostgres(new Redacted(url.href))
      const asked = sql<{
        version: string | null
      }>`SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
      try {
        return (await asked.execute(engine.db)).rows[0]?.version ?? null
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? String(error)
      } finally {
        await engine.close()
      }
    }
    assert.equal(await come('127.0.0.1', 'sslmode=disable'), null)
    assert.equal(await come('127.0.0.1', 'sslmode=require'), 'TLSv1.3')
    assert.equal(await come('127.0.0.1', 'sslmode=verify-full'), 'DEPTH_ZERO_SELF_SIGNED_CERT')
    assert.equal(await come('localhost', `sslmode=verify-full&sslrootcert=${root}`), 'TLSv1.3')
    assert.equal(
      await come('127.0.0.1', `sslmode=verify-full&sslrootcert=${root}`),
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
    assert.equal(await come('127.0.0.1', `sslmode=verify-ca&sslrootcert=${root}`), 'TLSv1.3')
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      const outcome = await come('localhost', `sslmode=${mode}&sslrootcert=${other}`)
      assert.equal(outcome, 'DEPTH_ZERO_SELF_SIGNED_CERT', mode)
    }
  } finally {
    await server.stop()
  }
})

test('a server without TLS is not spoken to where the URL asks for it', async t => {
  const server = await startPostgres()
  if ('missing' in server) return t.skip(server.missing)
  try {
    const engine = openPostgres(new Redacted(`${server.url}?sslmode=require`))
    await assert.rejects(sql`SELECT 1`.execute(engine.db), /does not support SSL/)
    await engine.close()
  } finally {
    await server.stop()
  }
})
