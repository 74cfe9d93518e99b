import { readdirSync, readFileSync } from 'node:fs'
import type { RawHeader } from '../../harness/raw-client.ts'

/** An attack on the masks of the whole gate, as a file: a call that the attacker may make, and what AWS replies. */
export interface MaskAttack {
  /** What the attacker hopes for. */
  readonly why: string
  /** Service name of the credential scope. */
  readonly service: string
  readonly request: {
    readonly method: string
    readonly target: string
    readonly headers?: readonly RawHeader[]
    readonly body?: string
  }
  /** Of AWS; absent where the call must not reach it. */
  readonly reply?: Reply
  readonly expect: Expected
}

interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Its `{utf16:…}`, `{base64:…}` and `{base64url:…}` become that text in that encoding, the innermost first. */
  readonly body?: string
  /** Of the whole body. */
  readonly encoding?: 'utf8' | 'utf16le'
}

interface Expected {
  /** Status that the client sees. */
  readonly status: number
  /** The gate's own error, where it answers itself. */
  readonly code?: string
  /** What must be nowhere: not with the client, nor in what the gate writes; found in common encodings as well. */
  readonly hidden: readonly string[]
  /** What must be left of the reply, so that it is masked and not only broken. */
  readonly shows?: readonly string[]
}

export interface NamedMaskAttack extends MaskAttack {
  readonly name: string
}

/** Every file of the corpus; from these, nothing is ever removed. */
export function readMaskAttacks(): readonly NamedMaskAttack[] {
  const folder = new URL('.', import.meta.url)
  const groups = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  return groups.flatMap(({ name: group }) =>
    readdirSync(new URL(`${group}/`, folder))
      .filter(file => file.endsWith('.json'))
      .sort()
      .map(file => ({
        ...(JSON.parse(readFileSync(new URL(`${group}/${file}`, folder), 'utf8')) as MaskAttack),
        name: `${group}/${file.slice(0, -'.json'.length)}`,
      })),
  )
}

/** The body that AWS replies with. */
export function replyBody({ body = '', encoding = 'utf8' }: Reply): Buffer {
  let text = body
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/\{(utf16|base64|base64url):([^{}]*)\}/g, (_, form: string, inner: string) => {
      if (form === 'utf16') return Buffer.from(inner, 'utf16le').toString('base64')
      return Buffer.from(inner).toString(form as 'base64' | 'base64url')
    })
  }
  return Buffer.from(text, encoding)
}

/** The ways in which a value could be written. */
export function formsOf(value: string): readonly string[] {
  const encoded = (bytes: Buffer): string[] =>
    [0, 1, 2].map(shift =>
      Buffer.concat([Buffer.alloc(shift, '.'), bytes])
        .toString('base64')
        .replace(/=+$/, '')
        .slice(shift === 0 ? 0 : 4, -2),
    )
  const wide = Buffer.from(value, 'utf16le')
  const plain = Buffer.from(value)
  return [
    value,
    ...encoded(plain),
    ...encoded(wide),
    plain.toString('hex'),
    wide.toString('latin1'),
    encodeURIComponent(value),
  ]
}
