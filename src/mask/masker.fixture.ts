import { Readable } from 'node:stream'
import { loadCatalog } from '../catalog/load.ts'
import type { Catalog, Protocol } from '../catalog/model.ts'
import type { NameValue } from '../core/http.ts'
import type { JsonObject } from '../core/json.ts'
import { compileDetectors } from './detect/set.ts'
import { maskText } from './form.ts'
import { Masker, type MaskerOptions } from './masker.ts'
import type { MaskedCall, MaskedReply, MaskRule } from './port.ts'
import type { TextTools } from './rules.ts'

/** For tests: a masker as the gate makes it, and replies. */

export const catalog: Catalog = loadCatalog()
export const hashKey: Buffer = Buffer.alloc(32, 7)

export const texts: TextTools = {
  inForm: (text, form) => (form === 'null' ? undefined : maskText(text, form, hashKey)),
  detector: (names, form) => {
    const set = compileDetectors(names, new Map())
    return {
      mask(text, context, found) {
        const masked = set.maskText(text, { form, hashKey, ...(context === undefined ? {} : { context }) })
        if (masked.count > 0) found(names.join(), masked.count)
        return masked.text
      },
    }
  },
}

export const masker = (options: Partial<MaskerOptions> = {}): Masker =>
  new Masker({ catalog, texts, builtIn: true, ...options })

export const call = (
  service: string,
  operation: string,
  parameters: JsonObject = {},
  protocol?: Protocol,
): MaskedCall => ({
  service,
  operation,
  protocol: protocol ?? catalog.services.get(service)?.protocols[0] ?? 'json',
  parameters,
})

export const rule = (change: Partial<MaskRule>): MaskRule => ({
  fields: [],
  detect: [],
  as: 'full',
  otherObjects: 'deny',
  ...change,
})

export interface Sent {
  readonly status?: number
  readonly headers?: readonly NameValue[]
  readonly body?: Buffer | string
}

/** Masks a reply by rules, or by the built-in set; the body as it goes to the client. */
export async function masked(
  by: Masker,
  of: MaskedCall,
  rules: readonly MaskRule[],
  { status = 200, headers = [], body = '' }: Sent,
): Promise<{ readonly reply: MaskedReply; readonly body: Buffer }> {
  const all = rules.length > 0 ? rules : [by.builtInRule(by.builtInFields(of))]
  const plan = by.plan(of, all)
  if (plan === undefined) throw new Error('there is nothing to mask')
  const bytes = Buffer.from(body)
  const stream = Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false })
  const reply = await by.mask(plan, { status, headers, body: stream })
  return { reply, body: await bodyOf(reply) }
}

export async function bodyOf({ body }: MaskedReply): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const headerOf = (reply: MaskedReply, name: string): string | undefined =>
  reply.headers.find(([other]) => other === name)?.[1]
