import type { CopyStmt, DefElem, Node } from 'libpg-query'
import type { CopyForm } from '../../model.ts'
import { bodyOf, ifKind } from './tree.ts'

/** Options that change nothing of how a row is read. */
const HARMLESS: ReadonlySet<string> = new Set(['force_quote'])

/** How a COPY writes rows to the client; undefined where it writes elsewhere, or the gate does not read its form. */
export function copyFormOf({ options = [], filename, is_from: isFrom }: CopyStmt): CopyForm | undefined {
  if (filename !== undefined || isFrom === true) return undefined
  const said = new Map<string, DefElem>()
  for (const node of options) {
    const option = bodyOf(node, 'DefElem')
    said.set(option.defname ?? '', option)
  }
  const text = (name: string, otherwise: string): string | undefined => {
    const option = said.get(name)
    said.delete(name)
    return option === undefined ? otherwise : ifKind(option.arg, 'String')?.sval
  }
  const format = text('format', 'text')
  if (format !== 'text' && format !== 'csv') return undefined
  const isCsv = format === 'csv'
  const delimiter = text('delimiter', isCsv ? ',' : '\t')
  const nothing = text('null', isCsv ? '' : '\\N')
  const quote = text('quote', '"')
  const escaping = text('escape', quote ?? '"')
  const header = said.get('header')
  said.delete('header')
  if (nothing === undefined || ![delimiter, quote, escaping].every(isOne)) return undefined
  if (![...said.keys()].every(name => HARMLESS.has(name))) return undefined
  return {
    format,
    delimiter: delimiter ?? '',
    null: nothing,
    quote: quote ?? '',
    escape: escaping ?? '',
    header: header !== undefined && isTrue(header.arg),
  }
}

function isOne(text: string | undefined): boolean {
  return text !== undefined && /^[\x01-\x7f]$/.test(text)
}

/** Whether an option is on for sure: a row that is taken for a header would not be masked. */
function isTrue(arg: Node | undefined): boolean {
  if (arg === undefined) return true
  if (ifKind(arg, 'Boolean')?.boolval === true || ifKind(arg, 'Integer')?.ival === 1) return true
  return ['true', 'on'].includes(ifKind(arg, 'String')?.sval ?? '')
}
