import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  headerOf,
  maskedEtag,
  withHeader,
  withMaskedTexts,
  withoutDigests,
  withStoredEtags,
} from './headers.ts'

const starred = (value: string): string => value.replaceAll('alice@example.com', '*****************')

test('an ETag that went out masked comes back as S3 knows it', () => {
  const etag = fc.stringMatching(/^[0-9a-f]{8}(-[0-9]{1,3})?$/)
  const form = fc.constantFrom(
    (e: string) => `"${e}"`,
    (e: string) => `W/"${e}"`,
    (e: string) => e,
  )
  const name = fc.constantFrom('if-match', 'if-none-match', 'if-range', 'x-amz-copy-source-if-match')
  fc.assert(
    fc.property(fc.array(fc.tuple(etag, form), { minLength: 1, maxLength: 4 }), name, (etags, header) => {
      const stored = etags.map(([value, write]) => write(value))
      const given = stored.map(maskedEtag).join(', ')
      assert.deepEqual(withStoredEtags([[header, given]]), [[header, stored.join(', ')]])
    }),
  )
})

test('other ETags and other headers are left as they are', () => {
  const headers = [
    ['if-match', '"abc"'],
    ['if-none-match', '*'],
    ['x-amz-meta-note', '"abc-masked"'],
    ['if-modified-since', 'Mon, 23 Nov 2026 12:00:00 GMT'],
  ] as const
  assert.deepEqual(withStoredEtags(headers), headers)
})

test('nothing that holds for the stored bytes alone is left', () => {
  const headers = withoutDigests([
    ['etag', '"9b2cf535f27731c974343645a3985328"'],
    ['content-md5', 'x'],
    ['x-amz-checksum-crc64nvme', 'x'],
    ['x-amz-checksum-sha256', 'x'],
    ['x-amz-checksum-type', 'FULL_OBJECT'],
    ['x-amz-crc32', '1'],
    ['last-modified', 'then'],
  ])
  assert.deepEqual(headers, [
    ['etag', '"9b2cf535f27731c974343645a3985328-masked"'],
    ['last-modified', 'then'],
  ])
})

test('metadata is masked, in the encoded words of S3 as well', () => {
  const secret = 'für alice@example.com'
  const encoded = `=?UTF-8?B?${Buffer.from(secret).toString('base64')}?=`
  const masked = withMaskedTexts(
    [
      ['x-amz-meta-owner', 'alice@example.com'],
      ['x-amz-meta-b', encoded],
      ['x-amz-meta-q', '=?utf-8?q?f=C3=BCr_alice=40example.com?='],
      ['x-amz-meta-two', '=?UTF-8?B?ZsO8ciBhbGljZQ==?= =?UTF-8?Q?=40example.com?='],
      ['x-amz-meta-mixed', 'from =?UTF-8?Q?=61lice=40example.com?= only'],
      ['x-amz-meta-plain', '=?UTF-8?B?Z3LDvG4=?='],
      ['content-disposition', 'attachment; filename="alice@example.com"'],
      ['x-amz-id-2', 'alice@example.com'],
    ],
    starred,
    new Set(),
  )
  const expected = `=?UTF-8?B?${Buffer.from(starred(secret)).toString('base64')}?=`
  assert.deepEqual(masked, [
    ['x-amz-meta-owner', '*****************'],
    ['x-amz-meta-b', expected],
    ['x-amz-meta-q', expected],
    ['x-amz-meta-two', expected],
    ['x-amz-meta-mixed', '=?UTF-8?B?ZnJvbSAqKioqKioqKioqKioqKioqKiBvbmx5?='],
    ['x-amz-meta-plain', '=?UTF-8?B?Z3LDvG4=?='],
    ['content-disposition', 'attachment; filename="*****************"'],
    ['x-amz-id-2', 'alice@example.com'],
  ])
})

test('a header that the request chose is not touched', () => {
  const headers = [['content-disposition', 'attachment; filename="alice@example.com"']] as const
  assert.deepEqual(withMaskedTexts(headers, starred, new Set(['content-disposition'])), headers)
})

test('a header is put in the place of all of its name', () => {
  const headers = withHeader(
    [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
    'a',
    '4',
  )
  assert.deepEqual(headers, [
    ['b', '2'],
    ['a', '4'],
  ])
  assert.equal(headerOf(headers, 'c'), undefined)
})
