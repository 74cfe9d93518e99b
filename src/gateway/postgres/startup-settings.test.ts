import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { startupSettings } from './startup-settings.ts'

const ENCODING = ['client_encoding', 'UTF8'] as const

describe('what a startup message brings', () => {
  it('passes what drivers bring along, and asks about what is as SET', () => {
    const brought = startupSettings([
      ['user', 'agent'],
      ['database', 'orders'],
      ['DateStyle', 'ISO'],
      ['client_encoding', 'utf-8'],
      ['application_name', 'psql'],
      ['_pq_.anything', '1'],
      ['options', '-c search_path=a,\\ b -cstatement_timeout=5s --lock-timeout=1s'],
    ])
    assert.deepEqual(brought, {
      settings: [
        ENCODING,
        ['search_path', 'a, b'],
        ['statement_timeout', '5s'],
        ['lock_timeout', '1s'],
        ['DateStyle', 'ISO'],
        ['application_name', 'psql'],
      ],
      asked: ['search_path', 'statement_timeout', 'lock_timeout'],
    })
  })

  it('takes the last of a setting, as the server does', () => {
    const brought = startupSettings([
      ['search_path', 'c'],
      ['options', '-c search_path=a -c Search_Path=b'],
    ])
    assert.deepEqual(brought, { settings: [ENCODING, ['search_path', 'c']], asked: ['search_path'] })
  })

  it('keeps credentials from the server', () => {
    const brought = startupSettings([['options', '-c sallyport.token=ASIA:to=ken']])
    assert.deepEqual(brought, { settings: [ENCODING], asked: [], token: 'ASIA:to=ken' })
  })

  for (const [name, value] of [
    ['replication', 'database'],
    ['replication', 'true'],
    ['role', 'postgres'],
    ['session_authorization', 'postgres'],
    ['standard_conforming_strings', 'off'],
    ['client_encoding', 'latin1'],
    ['options', '-c role=postgres'],
    ['options', '-c standard-conforming-strings=off'],
    ['options', '-c session_preload_libraries=x'],
    ['options', '-O'],
    ['options', '-P -c jit=off'],
    ['options', '-c'],
    ['options', '-c =x'],
    ['options', 'jit=off'],
    ['options', '\\-c jit=off --client\\ encoding=x'],
    ['Options', '-c role=postgres'],
    ['USER', 'postgres'],
    ['Replication', 'true'],
  ] as const) {
    it(`refuses ${name} ${value}`, () => {
      const refused = startupSettings([[name, value]])
      assert.ok('sqlstate' in refused && refused.sqlstate === '0A000', JSON.stringify(refused))
    })
  }

  it('takes apart what was put together, whatever is in it', () => {
    const value = fc.string({ maxLength: 20 }).filter(text => !text.includes('\0'))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('jit', 'search_path', 'lock_timeout'), value), all => {
        const options = Object.entries(all)
          .map(([name, text]) => `-c ${name}=${text.replace(/[\\ \t\n\r\v\f]/g, '\\$&')}`)
          .join(' ')
        const brought = startupSettings([['options', options]])
        assert.ok('settings' in brought)
        assert.deepEqual(brought.settings, [ENCODING, ...Object.entries(all)])
      }),
    )
  })
})
