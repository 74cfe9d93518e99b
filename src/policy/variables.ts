import { glob, literal, type Pattern } from './glob/pattern.ts'

/**
 * Policy variables: `${aws:PrincipalTag/team}`, with a default `${aws:PrincipalTag/team, 'none'}`, and
 * the escapes `${*}`, `${?}` and `${$}` for the characters themselves. Only documents of version
 * 2012-10-17 have them.
 *
 * Source: IAM User Guide, "IAM policy elements: Variables and tags".
 */

/** Part of a text: as written (wildcards count), a literal (they don't), or a variable. */
export type Part =
  | { readonly kind: 'written'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly key: string; readonly orElse?: string }

export type Template = readonly Part[]

/** The value of a key in a request; undefined where there is none, or more than one. */
export type Resolve = (key: string) => string | undefined

/** A text of a document that knows no variables. */
export function withoutVariables(text: string): Template {
  return [{ kind: 'written', text }]
}

/** Takes a text apart; a string is what is wrong with it. */
export function parseTemplate(text: string): Template | string {
  const parts: Part[] = []
  let at = 0
  for (;;) {
    const start = text.indexOf('${', at)
    if (start < 0) break
    if (start > at) parts.push({ kind: 'written', text: text.slice(at, start) })
    const end = closingBrace(text, start + 2)
    if (end === undefined) return 'a policy variable is not closed by `}`'
    const part = parseVariable(text.slice(start + 2, end))
    if (typeof part === 'string') return part
    parts.push(part)
    at = end + 1
  }
  if (at < text.length || parts.length === 0) parts.push({ kind: 'written', text: text.slice(at) })
  return parts
}

/** A default in quotation marks may hold a brace. */
function closingBrace(text: string, from: number): number | undefined {
  let quoted = false
  for (let i = from; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted
    if (text[i] === '}' && !quoted) return i
  }
  return undefined
}

function parseVariable(inside: string): Part | string {
  if (inside === '*' || inside === '?' || inside === '$') return { kind: 'literal', text: inside }
  const comma = inside.indexOf(',')
  const key = (comma < 0 ? inside : inside.slice(0, comma)).trim()
  if (key === '') return 'a policy variable has no name'
  if (/[\s'${}*?]/.test(key)) return 'a policy variable has a name with a space or a symbol'
  if (comma < 0) return { kind: 'variable', key: key.toLowerCase() }
  const quoted = inside.slice(comma + 1).trim()
  if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'")) {
    return "the default of a policy variable must stand in single quotation marks: ${key, 'default'}"
  }
  const orElse = quoted.slice(1, -1)
  if (orElse.includes("'")) return 'the default of a policy variable cannot hold a quotation mark'
  return { kind: 'variable', key: key.toLowerCase(), orElse }
}

/** Whether its text depends on a request. */
export function isDynamic(template: Template): boolean {
  return template.some(part => part.kind === 'variable')
}

/** The keys that its variables name, in lower case. */
export function variableKeys(template: Template): readonly string[] {
  return template.flatMap(part => (part.kind === 'variable' ? [part.key] : []))
}

/**
 * The template with its variables filled in, as written and literal parts; undefined where a variable
 * has neither value nor default: it is then equal to nothing.
 */
export function fill(template: Template, resolve: Resolve): Template | undefined {
  const parts: Part[] = []
  for (const part of template) {
    if (part.kind !== 'variable') {
      parts.push(part)
      continue
    }
    const value = resolve(part.key) ?? part.orElse
    if (value === undefined) return undefined
    parts.push({ kind: 'literal', text: value })
  }
  return parts
}

/** The plain text of a filled template, its wildcards not wildcards. */
export function plainText(filled: Template): string {
  return filled.map(part => (part.kind === 'variable' ? '' : part.text)).join('')
}

/** The text taken apart; the parser has refused what cannot be. */
export function templateOf(text: string, variables: boolean): Template {
  const template = variables ? parseTemplate(text) : withoutVariables(text)
  return typeof template === 'string' ? withoutVariables(text) : template
}

/** A filled template as a pattern: wildcards as written are wildcards, those of variables are not. */
export function patternOf(filled: Template): Pattern {
  return filled.flatMap(part => {
    if (part.kind === 'variable') return []
    return part.kind === 'literal' ? literal(part.text) : glob(part.text)
  })
}

/** Sets of values for which filled templates are kept; callers that differ in a variable are few. */
const MAX_KEPT = 500

/**
 * What is made of templates by filling them in; made once for each set of values that their variables have,
 * since a principal makes many calls.
 */
export function perValues<T>(
  templates: readonly Template[],
  make: (resolve: Resolve) => T,
): (resolve: Resolve) => T {
  const [first = '', ...more] = new Set(templates.flatMap(variableKeys))
  const kept = new Map<string | undefined, T>()
  return resolve => {
    const values =
      more.length === 0 ? resolve(first) : JSON.stringify([first, ...more].map(resolveOrNull(resolve)))
    const known = kept.get(values)
    if (known !== undefined) return known
    const made = make(resolve)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(values, made)
    return made
  }
}

function resolveOrNull(resolve: Resolve): (key: string) => string | null {
  return key => resolve(key) ?? null
}
