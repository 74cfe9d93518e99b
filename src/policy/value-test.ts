import { matcher, matches } from './glob/match.ts'
import { bindToArn } from './glob/pattern.ts'
import type { Comparison } from './model.ts'
import { parseDate } from './values/date.ts'
import { compareDecimals, parseDecimal } from './values/decimal.ts'
import { contains, parseNetwork } from './values/network.ts'
import { patternOf, plainText, type Template } from './variables.ts'

/**
 * Whether one value of the request fits one of the policy; undefined where the request's is none that the
 * comparison can be made with: a text as a number.
 */
export type ValueTest = (value: string) => boolean | undefined

/** Compiles one value of the policy, its variables filled in. The parser has refused values of another type. */
export function valueTest(comparison: Comparison, filled: Template): ValueTest {
  const text = plainText(filled)
  switch (comparison) {
    case 'StringEquals':
      return value => value === text
    case 'StringEqualsIgnoreCase': {
      const folded = text.toLowerCase()
      return value => value.toLowerCase() === folded
    }
    case 'StringLike':
      return matcher(patternOf(filled))
    case 'ArnLike':
      return arnTest(filled)
    case 'Bool':
      return boolTest(text)
    case 'BinaryEquals':
      return binaryTest(text)
    case 'IpAddress':
      return ipTest(text)
    default:
      return comparison.startsWith('Date') ? dateTest(comparison, text) : numericTest(comparison, text)
  }
}

/** A text that is no ARN is simply none that the pattern describes. */
function arnTest(filled: Template): ValueTest {
  if (movesColons(filled)) return () => false
  const pattern = bindToArn(patternOf(filled), 'component')
  return value => hasSixComponents(value) && matches(pattern, value)
}

/** A variable's value stays inside the component that it was written in: with a colon, it fits none. */
function movesColons(filled: Template): boolean {
  let colons = 0
  for (const part of filled) {
    if (part.kind === 'literal' && part.text.includes(':') && colons < 5) return true
    if (part.kind === 'written') colons += part.text.split(':').length - 1
  }
  return false
}

function hasSixComponents(text: string): boolean {
  let at = -1
  for (let colons = 0; colons < 5; colons++) {
    at = text.indexOf(':', at + 1)
    if (at < 0) return false
  }
  return true
}

function boolTest(text: string): ValueTest {
  const wanted = text.toLowerCase()
  return value => {
    const found = value.toLowerCase()
    return found === 'true' || found === 'false' ? found === wanted : undefined
  }
}

function binaryTest(text: string): ValueTest {
  const wanted = Buffer.from(text, 'base64')
  return value => Buffer.from(value, 'base64').equals(wanted)
}

function ipTest(text: string): ValueTest {
  const network = parseNetwork(text)
  return value => {
    const address = parseNetwork(withoutZone(value))
    return network === undefined || address === undefined ? undefined : contains(network, address)
  }
}

/** `fe80::1%eth0`: which link it is on says nothing about the address. */
function withoutZone(address: string): string {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

/** A number that JavaScript's own hold exactly. */
const SHORT = /^-?\d{1,15}$/

function numericTest(comparison: Comparison, text: string): ValueTest {
  const bound = parseDecimal(text)
  const ordered = orderTest(comparison.slice('Numeric'.length))
  const short = SHORT.test(text) ? Number(text) : undefined
  return value => {
    if (short !== undefined && SHORT.test(value)) return ordered(Number(value) - short)
    const number = parseDecimal(value)
    return bound === undefined || number === undefined ? undefined : ordered(compareDecimals(number, bound))
  }
}

function dateTest(comparison: Comparison, text: string): ValueTest {
  const bound = parseDate(text)
  const ordered = orderTest(comparison.slice('Date'.length))
  return value => {
    const date = parseDate(value)
    return bound === undefined || date === undefined ? undefined : ordered(date - bound)
  }
}

/** What must be true of (value compared with bound). */
function orderTest(name: string): (order: number) => boolean {
  if (name === 'LessThan') return order => order < 0
  if (name === 'LessThanEquals') return order => order <= 0
  if (name === 'GreaterThan') return order => order > 0
  if (name === 'GreaterThanEquals') return order => order >= 0
  return order => order === 0
}
