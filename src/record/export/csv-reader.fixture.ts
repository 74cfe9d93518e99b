import assert from 'node:assert/strict'

/** A reader of RFC 4180, by its grammar alone. */
export function fieldsOf(line: string): string[] {
  assert.ok(line.endsWith('\r\n'))
  const fields: string[] = []
  let rest = line.slice(0, -2)
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest)
    const field = quoted?.[0] ?? /^[^",\r\n]*/.exec(rest)?.[0] ?? ''
    fields.push(quoted === null ? field : (quoted[1] ?? '').replaceAll('""', '"'))
    rest = rest.slice(field.length)
    if (rest === '') return fields
    assert.equal(rest[0], ',')
    rest = rest.slice(1)
  }
}
