/** A piece of an ARN template: text as it stands, or a variable. */
export type ArnPiece = { readonly text: string } | { readonly variable: string }

const compiled = new Map<string, readonly ArnPiece[]>()

/** Takes `arn:${Partition}:sqs:…:${QueueName}` apart. Templates come from the catalog: few, and remembered. */
export function arnPieces(template: string): readonly ArnPiece[] {
  const known = compiled.get(template)
  if (known !== undefined) return known
  const pieces: ArnPiece[] = []
  let at = 0
  while (at < template.length) {
    const start = template.indexOf('${', at)
    const end = start === -1 ? -1 : template.indexOf('}', start)
    if (end === -1) break
    if (start > at) pieces.push({ text: template.slice(at, start) })
    pieces.push({ variable: template.slice(start + 2, end) })
    at = end + 1
  }
  if (at < template.length) pieces.push({ text: template.slice(at) })
  compiled.set(template, pieces)
  return pieces
}

/** An ARN as far as it is known. */
export interface NamedArn {
  readonly arn: string
  /** False where a part is unknown and written as `*` or `?`. */
  readonly exact: boolean
}

/**
 * Fills a template in one pass, so that no value can name a variable. A value that is unknown, empty or
 * could be read as more than one part of an ARN becomes `*`.
 */
export function fillArn(template: string, values: ReadonlyMap<string, string>): NamedArn {
  let exact = true
  const parts = arnPieces(template).map(piece => {
    if ('text' in piece) {
      if (/[*?]/.test(piece.text)) exact = false
      return piece.text
    }
    const value = values.get(piece.variable)
    if (value !== undefined && !isUnclear(value)) return value
    exact = false
    return '*'
  })
  return { arn: parts.join(''), exact }
}

/**
 * True where a value could be read as more than one part of an ARN, or as a pattern. Such a value never
 * goes into an ARN that is called exact.
 */
export function isUnclear(text: string): boolean {
  return text === '' || /[:*?]/.test(text)
}
