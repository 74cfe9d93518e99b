import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../core/errors.ts'
import { findRoute } from './route.ts'

const ID = '01KAR5QJ3V0T8M2Y6N4C9XHD7B'
const DOCUMENTED: readonly (readonly [method: string, path: string, name: string])[] = [
  ['GET', '/v1/whoami', 'whoami'],
  ['GET', '/v1/requests', 'list'],
  ['POST', '/v1/requests', 'ask'],
  ['GET', `/v1/requests/${ID}`, 'get'],
  ['POST', `/v1/requests/${ID}/approve`, 'approve'],
  ['POST', `/v1/requests/${ID}/deny`, 'deny'],
  ['POST', `/v1/requests/${ID}/revoke`, 'revoke'],
]

/** The same as one pattern, to compare with. */
const FORM = /^\/v1\/(?:whoami|requests(?:\/[0-9A-HJKMNP-TV-Z]{26}(?:\/(?:approve|deny|revoke))?)?)$/

test('every documented call is found', () => {
  for (const [method, path, name] of DOCUMENTED) {
    assert.deepEqual(findRoute(method, path), { name, id: path.includes(ID) ? ID : '' })
  }
})

test('a path that differs in any character is another path', () => {
  const base = fc.constantFrom(...DOCUMENTED)
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%',
    '%2f',
    ';',
    '?',
    '#',
    '\\',
    ' ',
    '\0',
    'I',
    'a',
    'A',
    '0',
    '',
  )
  const cut = fc.nat({ max: 2 })
  fc.assert(
    fc.property(base, fc.nat(), cut, piece, ([method, path], where, away, put) => {
      const at = where % (path.length + 1)
      const changed = path.slice(0, at) + put + path.slice(at + away)
      try {
        findRoute(method, changed)
        assert.match(changed, FORM)
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
        if (error.code === 'api-method-refused') assert.match(changed, FORM)
        else assert.doesNotMatch(changed, FORM)
      }
    }),
    { numRuns: 2_000 },
  )
})
