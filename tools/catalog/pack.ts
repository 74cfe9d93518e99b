import { brotliCompressSync, constants } from 'node:zlib'
import { PACK_MAGIC } from '../../src/catalog/pack.ts'

/** Writes the file that `src/catalog/pack.ts` reads; the same chunks make the same bytes. */
export function writePack(chunks: ReadonlyMap<string, string>): Buffer {
  const names: string[] = []
  const bodies: Buffer[] = []
  for (const [name, text] of chunks) {
    const body = compress(text)
    names.push(`${name}\t${body.length}\n`)
    bodies.push(body)
  }
  const index = compress(names.join(''))
  const indexLength = Buffer.alloc(4)
  indexLength.writeUInt32LE(index.length)
  return Buffer.concat([Buffer.from(PACK_MAGIC, 'latin1'), indexLength, index, ...bodies])
}

function compress(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}
