import type { NameValue } from '../core/http.ts'

/** Headers that are for one connection only. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers that are for the far end: without hop-by-hop ones and those that `connection` names. */
export function endToEnd(headers: readonly NameValue[]): NameValue[] {
  const named = new Set<string>()
  for (const [name, value] of headers) {
    if (name !== 'connection') continue
    for (const part of value.split(',')) named.add(part.trim().toLowerCase())
  }
  return headers.filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name))
}
