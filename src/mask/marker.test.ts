import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesCarryMask, carriesMask, MARKER, StreamMarkerScan } from './marker.ts'

test('the marker is six bytes of ASCII', () => {
  assert.equal(Buffer.byteLength(MARKER), 6)
})

test('a mask is found in the plain, wherever it stands', () => {
  for (const text of [
    '~mask~',
    '~mask~4242',
    'a~mask~',
    '~~mask~~',
    'ä~mask~@example.com',
    '\u{1f600}~mask~',
  ]) {
    assert.equal(carriesMask(text), true, text)
    assert.equal(bytesCarryMask(Buffer.from(text)), true, text)
  }
  for (const text of [
    '',
    '~mask',
    'mask~',
    '~Mask~',
    '~ mask~',
    'fm1hc2t',
    'fm1hc2tA',
    '~mas',
    '~mask~'.slice(1),
  ]) {
    assert.equal(carriesMask(text), false, text)
    assert.equal(bytesCarryMask(Buffer.from(text)), false, text)
  }
})

const around = fc.uint8Array({ maxLength: 40 })

test('a mask is found in base64 and base64url, whatever is before and behind it, and however lines are broken', () => {
  fc.assert(
    fc.property(
      around,
      around,
      fc.constantFrom('base64', 'base64url'),
      fc.integer({ min: 1, max: 76 }),
      (a, b, form, width) => {
        const text = Buffer.concat([a, Buffer.from(MARKER), b]).toString(form as 'base64')
        const lines = text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
        return carriesMask(text) && bytesCarryMask(Buffer.from(text)) && carriesMask(lines.join('\r\n'))
      },
    ),
  )
})

test('base64 of other bytes carries none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const buffer = Buffer.from(bytes)
      fc.pre(!buffer.includes(MARKER))
      return !carriesMask(buffer.toString('base64')) && !bytesCarryMask(buffer)
    }),
  )
  const near = [...MARKER].map(
    (c, i) => MARKER.slice(0, i) + String.fromCharCode(c.charCodeAt(0) ^ 1) + MARKER.slice(i + 1),
  )
  for (const text of near) {
    for (const pad of ['', 'x', 'xy']) {
      const encoded = Buffer.from(`${pad}${text}zz`).toString('base64')
      assert.equal(carriesMask(encoded), false, text)
    }
  }
})

test('a stream is searched as the whole is, wherever it is cut', () => {
  const whole = [
    '..~mask~..',
    Buffer.from('..~mask~.').toString('base64'),
    Buffer.from('.~mask~').toString('base64url'),
  ]
  for (const text of whole) {
    const bytes = Buffer.from(`head ${text} tail`)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const scan = new StreamMarkerScan()
        for (const piece of [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)])
          scan.push(piece)
        assert.equal(scan.found, true, `${text} at ${first} and ${second}`)
      }
    }
  }
})

test('single bytes are enough, and nothing is found where nothing is', () => {
  const scan = new StreamMarkerScan()
  for (const byte of Buffer.from('nothing ~mas k~ here, ~~~~mask'))
    assert.equal(scan.push(Uint8Array.of(byte)), false)
  assert.equal(scan.push(Buffer.from('~')), true)
  assert.equal(scan.push(Buffer.from('anything')), true)
})
