import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { DEFAULT_OBJECT_LIMITS } from './limits.ts'
import { StarMasker } from './masker.fixture.ts'
import { maskObject } from './object-mask.ts'
import { prepareObjectRead } from './object-read.ts'

/* `OtherObjects: pass` lets through what is no text, and nothing that a client would read as text. */

const SECRET = 'SECRET'
const PACK = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync } as const
type Named = keyof typeof PACK
const OPEN: Readonly<Record<Named, readonly ((bytes: Buffer) => Buffer)[]>> = {
  gzip: [gunzipSync],
  deflate: [inflateSync, inflateRawSync],
  br: [brotliDecompressSync],
  zstd: [zstdDecompressSync],
}
const NAMES = Object.keys(PACK) as Named[]

/** All that a client may come to see: opened by the metadata, where that works, and then by the bytes. */
function views(bytes: Buffer, encoding: string): Buffer[] {
  const seen = [bytes]
  const tryOpen = (name: Named): void => {
    for (const open of OPEN[name]) {
      try {
        seen.push(open(seen.at(-1) ?? bytes))
        return
      } catch {
        // It is not so coded; the client keeps what it has.
      }
    }
  }
  for (const name of encoding.split(',').reverse()) if (name in OPEN) tryOpen(name as Named)
  for (let layer = 0; layer < 3; layer++) {
    tryOpen('gzip')
    tryOpen('zstd')
  }
  return seen
}

/** Text with the secret in it. Bytes around it make it something else, which passes by what the policy says. */
function tells(view: Buffer): boolean {
  return view.includes(SECRET) && isUtf8(view) && !view.includes(0)
}

test('no client reads a secret in what passes, whatever its codings and the metadata', async () => {
  const word = fc.constantFrom(SECRET, 'text ', 'grün ', '\n')
  const text = fc.array(word, { minLength: 1, maxLength: 30 }).map(words => Buffer.from(words.join('')))
  const layers = fc.array(fc.constantFrom(...NAMES), { maxLength: 3 })
  const metadata = fc.oneof(
    fc.constant('true'),
    fc.array(fc.constantFrom(...NAMES, 'aws-chunked', 'x'), { maxLength: 3 }).map(names => names.join(',')),
  )
  const damage = fc.option(fc.nat(), { freq: 4 })
  let masked = 0
  await fc.assert(
    fc.asyncProperty(text, layers, metadata, damage, async (plain, codings, told, at) => {
      const stored = codings.reduce((bytes, name) => Buffer.from(PACK[name](bytes)), plain)
      if (at !== null && codings.length > 0)
        stored[at % stored.length] = (stored[at % stored.length] ?? 0) ^ 4
      const encoding = told === 'true' ? codings.join(',') : told
      const legible = views(stored, encoding).some(tells)
      const reply = {
        status: 200,
        headers: [['content-encoding', encoding]] as const,
        body: Readable.from([stored], { objectMode: false }),
      }
      const rule = { maskers: () => [new StarMasker()], otherObjects: 'pass' } as const
      const { read } = prepareObjectRead({ headers: [], query: '' })
      const chunks: Buffer[] = []
      try {
        const { body } = await maskObject(read, rule, reply, { limits: DEFAULT_OBJECT_LIMITS })
        for await (const chunk of body) chunks.push(chunk)
      } catch (error) {
        assert.ok(
          error instanceof Error && 'code' in error && error.code === 'object-unmaskable',
          String(error),
        )
        return
      }
      const out = Buffer.concat(chunks)
      for (const view of views(out, encoding)) assert.ok(!tells(view), `${view}`)
      if (legible) masked++
    }),
    { numRuns: 600 },
  )
  assert.ok(masked > 20, 'most objects were refused, which proves nothing')
})
