import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { Redacted } from '../../core/redacted.ts'
import type { HttpRequest } from '../http/messages.ts'
import { readRequest } from '../http/reader.ts'
import { deriveSigningKey, SigningKeys, sameSignature } from './keys.ts'
import { EMPTY_SHA256, type SignedRequest, UNSIGNED_PAYLOAD } from './messages.ts'
import { STREAMING } from './payload.ts'
import { readSignature, signaturePlace } from './reader.ts'
import { presign, type SignInput, sign } from './sign.ts'
import { checkTimes, formatTimestamp, parseDateHeader, parseTimestamp } from './time.ts'
import { verifySignature } from './verify.ts'

const HEX = 'a'.repeat(64)
const SCOPE = '20260309/eu-west-1/s3/aws4_request'
const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=AKID/${SCOPE}, SignedHeaders=host;x-amz-date, Signature=${HEX}`
const DATE: NameValue = ['x-amz-date', '20260309T170503Z']
const HOST: NameValue = ['host', 'gate.example']
const secretAccessKey = new Redacted('a secret')
const TIME_MS = parseTimestamp('20260309T170503Z')

function head(target: string, ...headers: NameValue[]): HttpRequest {
  return readRequest({ method: 'GET', target, headers: [HOST, ...headers] })
}

function withAuthorization(value: string, ...more: NameValue[]): HttpRequest {
  return head('/', DATE, ['authorization', value], ...more)
}

/** A request with these headers signed, whose payload header is the last. */
function withPayload(value: string, ...more: NameValue[]): HttpRequest {
  const headers: NameValue[] = [DATE, ['x-amz-content-sha256', value], ...more]
  const names = [...new Set(['host', ...headers.map(([name]) => name)])].toSorted().join(';')
  return head('/', ...headers, [
    'authorization',
    `AWS4-HMAC-SHA256 Credential=AKID/${SCOPE}, SignedHeaders=${names}, Signature=${HEX}`,
  ])
}

function refuses(code: ErrorCode, run: () => unknown, message?: string): void {
  assert.throws(
    run,
    (error: unknown) => error instanceof GateError && error.code === code,
    message ?? `should be ${code}`,
  )
}

test('a header signature is read, with or without spaces between its fields', () => {
  for (const value of [AUTHORIZATION, AUTHORIZATION.replaceAll(', ', ',')]) {
    assert.deepEqual(readSignature(withAuthorization(value)), {
      form: 'header',
      accessKeyId: 'AKID',
      scope: { date: '20260309', region: 'eu-west-1', service: 's3' },
      signedHeaders: ['host', 'x-amz-date'],
      signature: HEX,
      timestamp: '20260309T170503Z',
      timeMs: TIME_MS,
      payload: { kind: 'absent' },
    })
  }
})

test('other ways to authenticate are refused, each by its name', () => {
  refuses('signature-missing', () => readSignature(head('/')))
  refuses('signature-v2', () => readSignature(withAuthorization('AWS AKID:c2ln')))
  refuses('signature-v2', () => readSignature(head('/k?AWSAccessKeyId=AKID&Signature=x&Expires=1')))
  refuses('signature-bearer', () => readSignature(withAuthorization('Bearer abc')))
  refuses('signature-v4a', () => readSignature(withAuthorization('AWS4-ECDSA-P256-SHA256 Credential=x')))
  refuses('signature-v4a', () => readSignature(head('/k?X-Amz-Region-Set=*&X-Amz-Signature=x')))
  refuses('signature-v4a', () => readSignature(head('/k?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256')))
  refuses('signature-malformed', () => readSignature(withAuthorization('Basic abc')))
  refuses('signature-malformed', () => readSignature(withAuthorization('')))
})

test('the advice names the setting to change', () => {
  const advice = (request: HttpRequest): string => {
    try {
      readSignature(request)
    } catch (error) {
      if (error instanceof GateError) return error.advice
    }
    return ''
  }
  assert.match(advice(withAuthorization('AWS AKID:c2ln')), /signature_version='s3v4'/)
  assert.match(
    advice(withAuthorization('AWS4-ECDSA-P256-SHA256 x')),
    /AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS/,
  )
  assert.match(advice(withAuthorization('Bearer x')), /AWS_BEARER_TOKEN_BEDROCK/)
  assert.match(advice(head('/')), /--no-sign-request/)
})

test('the fields of a header signature are strict', () => {
  const changes: readonly (readonly [string, string])[] = [
    [', Signature=', ', Signature=b, Signature='],
    [', Signature=', ', Extra=1, Signature='],
    ['Credential=', 'credential='],
    ['SignedHeaders=host;x-amz-date, ', ''],
    [HEX, HEX.toUpperCase()],
    [HEX, HEX.slice(1)],
    ['host;x-amz-date', 'x-amz-date;host'],
    ['host;x-amz-date', 'host;host;x-amz-date'],
    ['host;x-amz-date', 'Host;x-amz-date'],
    ['host;x-amz-date', 'host;;x-amz-date'],
    ['host;x-amz-date', 'host;missing;x-amz-date'],
    ['AKID/', '/'],
    ['AKID/', 'AK ID/'],
    ['AKID/', `${'A'.repeat(129)}/`],
    ['20260309', '20260308'],
    ['20260309', '2026030'],
    ['eu-west-1', 'EU-WEST-1'],
    ['eu-west-1', '*'],
    ['/s3/', '//'],
    ['aws4_request', 'aws4_requests'],
    ['aws4_request', 'aws4_request/x'],
  ]
  for (const [from, to] of changes) {
    const value = AUTHORIZATION.replace(from, to)
    assert.notEqual(value, AUTHORIZATION)
    refuses('signature-malformed', () => readSignature(withAuthorization(value)), value)
  }
  refuses('signature-malformed', () => readSignature(withAuthorization(`${AUTHORIZATION},`)))
  refuses('signature-malformed', () => readSignature(withAuthorization(AUTHORIZATION + ' '.repeat(16_300))))
})

test('host and every x-amz- header must be signed', () => {
  const unhosted = AUTHORIZATION.replace('host;', '')
  refuses('signature-unsigned-header', () => readSignature(withAuthorization(unhosted)))
  refuses('signature-unsigned-header', () =>
    readSignature(withAuthorization(AUTHORIZATION, ['x-amz-acl', 'public-read'])),
  )
  const signed = readSignature(withAuthorization(AUTHORIZATION, ['content-type', 'text/plain']))
  assert.deepEqual(signed.signedHeaders, ['host', 'x-amz-date'])
})

test('one form, never two', () => {
  const query = presign(input(), 60, new SigningKeys())
  refuses('signature-two-forms', () =>
    readSignature(head(`/?${query}`, DATE, ['authorization', AUTHORIZATION])),
  )
  refuses('signature-two-forms', () =>
    readSignature(head('/?x-amz-signature=1', ['authorization', AUTHORIZATION])),
  )
  refuses('signature-two-forms', () => readSignature(head(`/?${query}`, DATE)))
  refuses('signature-two-forms', () => readSignature(head(`/?${query}`, ['x-amz-security-token', 't'])))
  assert.equal(signaturePlace(head('/?acl')), 'none')
  assert.equal(signaturePlace(head(`/?${query}`)), 'query')
})

test('the parameters of a presigned URL are strict', () => {
  const query = presign(input(), 60, new SigningKeys())
  assert.equal(readSignature(head(`/?${query}`)).expiresMs, 60_000)
  const changes: readonly (readonly [string, string])[] = [
    ['X-Amz-Expires=60', 'X-Amz-Expires=0'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=604801'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=6e1'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=-60'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=60&X-Amz-Expires=60'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=60&x-amz-expires=60'],
    ['X-Amz-Expires=60', 'x-amz-expires=60'],
    ['X-Amz-Expires=60', ''],
    ['&X-Amz-Expires=60', ''],
    ['X-Amz-Algorithm=AWS4-HMAC-SHA256', 'X-Amz-Algorithm=AWS4-HMAC-SHA1'],
    ['X-Amz-Date=20260309', 'X-Amz-Date=20260310'],
  ]
  for (const [from, to] of changes) {
    const changed = query.replace(from, to)
    assert.notEqual(changed, query)
    assert.throws(() => readSignature(head(`/?${changed}`)), GateError, changed)
  }
})

test('what a presigned URL says of its body', () => {
  const keys = new SigningKeys()
  const read = (service: string, more = '', ...headers: NameValue[]) =>
    readSignature(head(`/?${presign({ ...input(), service, headers }, 60, keys)}${more}`, ...headers)).payload
  assert.deepEqual(read('s3'), { kind: 'unsigned' })
  assert.deepEqual(read('sts'), { kind: 'sha256', hex: EMPTY_SHA256 })
  assert.deepEqual(read('s3', `&X-Amz-Content-Sha256=${HEX}`), { kind: 'sha256', hex: HEX })
  assert.deepEqual(read('s3', '', ['x-amz-content-sha256', HEX]), { kind: 'sha256', hex: HEX })
  refuses('signature-two-forms', () =>
    read('s3', `&X-Amz-Content-Sha256=${HEX}`, ['x-amz-content-sha256', HEX]),
  )
})

test('every kind of payload', () => {
  const length: NameValue = ['x-amz-decoded-content-length', '5']
  const trailer: NameValue = ['x-amz-trailer', 'x-amz-checksum-crc32']
  const read = (value: string, ...more: NameValue[]) => readSignature(withPayload(value, ...more)).payload
  assert.deepEqual(read(HEX), { kind: 'sha256', hex: HEX })
  assert.deepEqual(read(UNSIGNED_PAYLOAD), { kind: 'unsigned' })
  assert.deepEqual(read(STREAMING.signed, length), { kind: 'streaming', variant: 'signed', decodedLength: 5 })
  for (const variant of ['signed-trailer', 'unsigned-trailer'] as const) {
    assert.deepEqual(read(STREAMING[variant], length, trailer), {
      kind: 'streaming',
      variant,
      decodedLength: 5,
      trailer: 'crc32',
    })
    refuses('chunk-trailer-refused', () => read(STREAMING[variant], length))
    refuses('checksum-unsupported', () => read(STREAMING[variant], length, ['x-amz-trailer', 'x-amz-meta-a']))
    refuses('payload-hash-malformed', () => read(STREAMING[variant], trailer))
  }
  refuses('chunk-trailer-refused', () => read(STREAMING.signed, length, trailer))
  refuses('signature-v4a', () => read('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', length))
  refuses('signature-events', () => read('STREAMING-AWS4-HMAC-SHA256-EVENTS'))
  refuses('payload-hash-malformed', () => read('STREAMING-UNSIGNED-PAYLOAD'))
  refuses('payload-hash-malformed', () => read(HEX.toUpperCase()))
  refuses('payload-hash-malformed', () => read(HEX, ['content-encoding', 'gzip, AWS-Chunked']))
  refuses('payload-hash-malformed', () => read(UNSIGNED_PAYLOAD, trailer))
  refuses('http-malformed', () => read(STREAMING.signed, ['x-amz-decoded-content-length', '+5']))
})

test('a header signature holds for five minutes either way, and the error tells the time here', () => {
  const signed = readSignature(withAuthorization(AUTHORIZATION))
  const at = (ms: number) => () => checkTimes(signed, new ManualClock(TIME_MS + ms))
  at(-300_000)()
  at(300_000)()
  refuses('signature-skewed', at(-300_001))
  assert.throws(at(300_001), /signed for `20260309T170503Z`, but here it is `20260309T171003Z`/)
})

test('a presigned URL holds from five minutes before its time until it ends', () => {
  const signed = readSignature(head(`/?${presign(input(), 60, new SigningKeys())}`))
  const at = (ms: number) => () => checkTimes(signed, new ManualClock(TIME_MS + ms))
  at(-300_000)()
  at(60_000)()
  refuses('signature-skewed', at(-300_001))
  refuses('signature-expired', at(60_001))
})

test('moments that do not exist are refused', () => {
  const bad = [
    '20260230T000000Z',
    '20261301T000000Z',
    '20260101T240000Z',
    '20260101T000060Z',
    '2026-01-01',
    '',
  ]
  for (const text of bad) refuses('signature-malformed', () => parseTimestamp(text), text)
  assert.equal(parseDateHeader('Mon, 09 Mar 2026 17:05:03 GMT'), TIME_MS)
  refuses('signature-malformed', () => parseDateHeader('Tue, 09 Mar 2026 17:05:03 GMT'))
  refuses('signature-malformed', () => parseDateHeader('Mon, 09 Mar 2026 17:05:03 +0000'))
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
      const timeMs = Math.floor(date.getTime() / 1000) * 1000
      assert.equal(parseTimestamp(formatTimestamp(timeMs)), timeMs)
    }),
  )
})

test('what is signed here verifies here, for any path, query and metadata; with another secret it does not', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(value => !value.includes('\0'))
  const name = text.filter(value => value !== '' && !/[\p{Cc}]/u.test(value) && !/^[xa]/i.test(value))
  const meta = fc.stringMatching(/^[a-z0-9_-]{1,10}$/)
  const keys = new SigningKeys()
  fc.assert(
    fc.property(
      fc.constantFrom('s3', 'lambda', 'execute-api'),
      fc.array(text, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(name, text), { maxLength: 4 }),
      fc.dictionary(meta, fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
      fc.boolean(),
      (service, segments, pairs, metadata, inQuery) => {
        const path = `/${segments.map(encodeURIComponent).join('/')}`
        const query = pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&')
        const headers = Object.entries(metadata).map(
          ([key, value]): NameValue => [`x-amz-meta-${key}`, value],
        )
        // All that a presigned URL can say of its body without a parameter for it.
        const payloadHash = service === 's3' ? UNSIGNED_PAYLOAD : EMPTY_SHA256
        const made: SignInput = { ...input(), service, path, query, headers, payloadHash }
        const request = inQuery
          ? head(`${path}?${presign(made, 60, keys)}`, ...headers)
          : head(query === '' ? path : `${path}?${query}`, ...headers, ...sign(made, keys).headers)
        const signed = readSignature(request)
        const verify = (secret: string, read: SignedRequest = signed): void =>
          verifySignature(
            read,
            request,
            deriveSigningKey(new Redacted(secret), signed.scope),
            made.payloadHash,
          )
        verify('a secret')
        refuses('signature-mismatch', () => verify('another secret'))
        const other = signed.signature.startsWith('0') ? '1' : '0'
        refuses('signature-mismatch', () =>
          verify('a secret', { ...signed, signature: other + signed.signature.slice(1) }),
        )
      },
    ),
  )
})

test('signing keys are cached, bounded, and never used for another secret', () => {
  const keys = new SigningKeys(2)
  const scope = { date: '20260309', region: 'eu-west-1', service: 's3' }
  const first = keys.get('A', secretAccessKey, scope)
  assert.equal(keys.get('A', new Redacted('a secret'), scope), first)
  assert.notEqual(keys.get('A', new Redacted('other'), scope), first)
  for (const id of ['B', 'C', 'D']) keys.get(id, secretAccessKey, scope)
  assert.equal(keys.size, 2)
})

test('signatures compare as whole texts, whatever came', () => {
  assert.equal(sameSignature(HEX, HEX), true)
  for (const other of ['', HEX.slice(1), `${HEX.slice(1)}ä`, HEX.toUpperCase(), `${HEX}a`]) {
    assert.equal(sameSignature(HEX, other), false)
  }
})

function input(): SignInput {
  return {
    method: 'GET',
    path: '/',
    query: '',
    host: 'gate.example',
    headers: [],
    region: 'eu-west-1',
    service: 's3',
    credentials: { accessKeyId: 'AKID', secretAccessKey },
    timeMs: TIME_MS,
    payloadHash: UNSIGNED_PAYLOAD,
  }
}
