/** A decimal number, exactly: `digits` x 10^-`scale`. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

/** Characters of a number that the gate compares; longer ones are no numbers to it. */
const MAX_LENGTH = 64

const FORM = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/

/**
 * Parses an integer or decimal value, also as `1e+21`; undefined where the text is none. Numbers of the AWS APIs go
 * beyond 2^53, so they are compared exactly.
 */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > MAX_LENGTH || !FORM.test(text)) return undefined
  const [mantissa = '', exponent = '0'] = text.replace(/^[+-]/, '').split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.split('.')
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -scale))
  return { digits: text.startsWith('-') ? -digits : digits, scale: Math.max(0, scale) }
}

/** Less than, equal to or greater than zero, as `a` is against `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const left = a.digits * 10n ** BigInt(Math.max(0, b.scale - a.scale))
  const right = b.digits * 10n ** BigInt(Math.max(0, a.scale - b.scale))
  return left < right ? -1 : left > right ? 1 : 0
}
