import { hash } from 'node:crypto'

/** A text with its constants left out, and what is equal for texts that differ in these alone. */
export interface NormalForm {
  readonly text: string
  /** The first 16 hex digits of the SHA-256 of the form of the first `MAX_WORDS` words, also where `text` was cut. */
  readonly fingerprint: string
}

/** A part of a text, as the normal form sees it. Comments are none. */
export type NormalToken =
  /** Whatever a client could have put a value into: strings, numbers, bits, bytes. */
  | { readonly kind: 'constant' }
  /** A word without quotes, or a name with them, as it is to stand there. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string }
  /** `$1`, `?`. */
  | { readonly kind: 'parameter'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: string }

/** Words of a text that are looked at: a form of millions of rows is for nobody to read. */
export const MAX_WORDS = 20_000
/** Characters of a form that are kept: it is remembered with each text. */
export const MAX_NORMAL_LENGTH = 16_384

/** In place of a constant. */
const BLANK = '?'
/** In place of elements of a list that are all constants and parameters. */
const MANY = '...'

/** After these words a bracket is no call's, and a sign belongs to the number behind it. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'all and any as between by case check default distinct else end except exists filter for from group having if in ' +
    'insert intersect interval into is join lateral like limit not offset on or order over partition primary ' +
    'references returning select set some table then top union unique update using values when where with'
  ).split(' '),
)

/**
 * The normal form of a text of any dialect. Invariant: it holds words, names, parameters and operators of the text, and
 * nothing of its constants but that there are some; not even how many stand in a list.
 */
export function normalForm(tokens: readonly NormalToken[]): NormalForm {
  const isWhole = tokens.length <= MAX_WORDS
  const first = isWhole ? tokens : tokens.slice(0, MAX_WORDS)
  const form = written(folded(withoutSigns(withoutSettings(joined(first)))))
  const whole = isWhole ? form : `${form} <more>`
  const text =
    whole.length <= MAX_NORMAL_LENGTH
      ? whole
      : `${whole.slice(0, MAX_NORMAL_LENGTH).toWellFormed()}<${whole.length - MAX_NORMAL_LENGTH} characters left out>`
  return { text, fingerprint: hash('sha256', whole).slice(0, 16) }
}

/** Words that stay in the outline of a text which nobody could parse: beside `KEYWORDS`, those that begin statements. */
const OUTLINE: ReadonlySet<string> = new Set([
  ...KEYWORDS,
  ...(
    'alter analyze begin call comment commit copy create database delete deny drop execute explain function grant identified ' +
    'index insert kill listen load lock merge names notify null password prepare privileges procedure replace reset revoke ' +
    'rollback schema sequence session show start table temporary to transaction trigger truncate use user view work xa'
  ).split(' '),
])
/** Names in quotes, and words; each is taken in one way. */
const NAMED = /"[^"]*"|`[^`]*`|[\p{L}\p{N}_][\p{L}\p{N}_$]*/gu

/**
 * What is left of a form where the text could not be parsed: in such a text a value may stand where names do, without the
 * quotes that somebody forgot (`ALTER USER ann PASSWORD hunter2`). Words of SQL stay, all others are `_`.
 */
export function outlineOf({ text }: NormalForm): NormalForm {
  const outline = text.replace(NAMED, word => (OUTLINE.has(word.toLowerCase()) ? word : '_'))
  return { text: outline, fingerprint: hash('sha256', outline).slice(0, 16) }
}

/** TRUE and FALSE are constants; strings that stand side by side are one; semicolons at the end say nothing. */
function joined(tokens: readonly NormalToken[]): readonly NormalToken[] {
  const joint: NormalToken[] = []
  for (const token of tokens) {
    const isTruth = token.kind === 'word' && /^(?:true|false)$/i.test(token.text)
    const next: NormalToken = isTruth ? { kind: 'constant' } : token
    const before = joint.at(-1)
    if (next.kind === 'constant' && before?.kind === 'constant') continue
    if (isOperator(next, ';') && (before === undefined || isOperator(before, ';'))) continue
    joint.push(next)
  }
  if (isOperator(joint.at(-1), ';')) joint.pop()
  return joint
}

/** What SET gives to a setting is a constant, also where it has no quotes: `SET app.token TO abc`. */
function withoutSettings(tokens: readonly NormalToken[]): readonly NormalToken[] {
  let first: NormalToken | undefined
  let isSet = false
  let isValue = false
  return tokens.map((token, i) => {
    const before = tokens[i - 1]
    if (before === undefined || isOperator(before, ';')) {
      first = token
      isSet = false
    }
    if (isWord(token, 'set')) isSet = isWord(first, 'set') || isWord(first, 'alter')
    const isList = isValue && (isOperator(before, ',') || isOperator(token, ','))
    isValue = isSet && (isGiven(before) || isList)
    if (!isValue || token.kind !== 'word' || isAssigned(tokens[i + 1])) return token
    return { kind: 'constant' }
  })
}

function isGiven(before: NormalToken | undefined): boolean {
  return (
    ['to', 'zone'].some(text => isWord(before, text)) || isOperator(before, '=') || isOperator(before, ':=')
  )
}

function isAssigned(next: NormalToken | undefined): boolean {
  return isOperator(next, '=') || isOperator(next, ':=') || isOperator(next, '.') || isOperator(next, '(')
}

/** `-1` is a constant as `1` is, where the sign is none of a subtraction. */
function withoutSigns(tokens: readonly NormalToken[]): readonly NormalToken[] {
  return tokens.filter((token, i) => {
    if (!isOperator(token, '-') && !isOperator(token, '+')) return true
    if (tokens[i + 1]?.kind !== 'constant') return true
    const before = tokens[i - 1]
    if (before === undefined) return false
    if (before.kind === 'word') return !KEYWORDS.has(before.text.toLowerCase())
    return before.kind !== 'operator' || before.text === ')' || before.text === ']'
  })
}

/** `in (?, ?, $1)` is `in (...)`; rows of constants behind the first of VALUES are `...`. */
function folded(tokens: readonly NormalToken[]): readonly NormalToken[] {
  const short: NormalToken[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (token === undefined) break
    const end = isOperator(token, '(') ? listEnd(tokens, at) : undefined
    if (end !== undefined && isWord(tokens[at - 1], 'in')) {
      short.push(token, { kind: 'operator', text: MANY }, { kind: 'operator', text: ')' })
      at = end
      continue
    }
    short.push(token)
    if (end === undefined || !isWord(tokens[at - 1], 'values')) continue
    short.push(...tokens.slice(at + 1, end + 1))
    const last = rowsEnd(tokens, end)
    if (last > end) short.push({ kind: 'operator', text: ',' }, { kind: 'operator', text: MANY })
    at = last
  }
  return short
}

/** Where the last of the rows ends that follow the one which ends at `end`, and hold constants alone. */
function rowsEnd(tokens: readonly NormalToken[], end: number): number {
  let last = end
  while (isOperator(tokens[last + 1], ',')) {
    const next = isOperator(tokens[last + 2], '(') ? listEnd(tokens, last + 2) : undefined
    if (next === undefined) break
    last = next
  }
  return last
}

/** Where a list of nothing but constants and parameters ends that begins at `at`; undefined: it is another. */
function listEnd(tokens: readonly NormalToken[], at: number): number | undefined {
  for (let end = at + 1; end < tokens.length; end += 2) {
    const value = tokens[end]
    const isValue = value?.kind === 'constant' || value?.kind === 'parameter' || isWord(value, 'default')
    if (!isValue) return undefined
    if (isOperator(tokens[end + 1], ')')) return end + 1
    if (!isOperator(tokens[end + 1], ',')) return undefined
  }
  return undefined
}

function written(tokens: readonly NormalToken[]): string {
  let text = ''
  for (const [i, token] of tokens.entries()) {
    if (i > 0 && !isTight(tokens[i - 1], token)) text += ' '
    text += token.kind === 'constant' ? BLANK : token.text
  }
  return text
}

const TIGHT_BEFORE: ReadonlySet<string> = new Set([',', ')', ']', '.', ';', '::', '['])
const TIGHT_AFTER: ReadonlySet<string> = new Set(['(', '[', '.', '::'])

/** Whether no space stands between the two, whatever stood there. */
function isTight(before: NormalToken | undefined, token: NormalToken): boolean {
  if (before?.kind === 'operator' && TIGHT_AFTER.has(before.text)) return true
  if (token.kind !== 'operator') return false
  if (TIGHT_BEFORE.has(token.text)) return true
  if (token.text !== '(' || before === undefined) return false
  return before.kind === 'name' || (before.kind === 'word' && !KEYWORDS.has(before.text.toLowerCase()))
}

function isOperator(token: NormalToken | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text
}

function isWord(token: NormalToken | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === text
}
