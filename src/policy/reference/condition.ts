import { BlockList, isIP } from 'node:net'
import { expand, type Keys, like, likeArn, type Mark, plain } from './text.ts'

/** Values compared, or undefined where the request's value is not of the operator's type. */
type Test = (value: string, wanted: readonly Mark[]) => boolean | undefined

const numeric =
  (holds: (a: number, b: number) => boolean): Test =>
  (value, wanted) =>
    /^-?\d+(\.\d+)?$/.test(value) ? holds(Number(value), Number(plain(wanted))) : undefined

const date =
  (holds: (a: number, b: number) => boolean): Test =>
  (value, wanted) => {
    const time = Date.parse(value)
    return Number.isNaN(time) ? undefined : holds(time, Date.parse(plain(wanted)))
  }

const address: Test = (value, wanted) => {
  const family = isIP(value)
  if (family === 0) return undefined
  const [network = '', length] = plain(wanted).split('/')
  const kind = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, Number(length ?? (kind === 'ipv6' ? 128 : 32)), kind)
  return isIP(network) === family && list.check(value, kind)
}

const TESTS: Readonly<Record<string, Test>> = {
  StringEquals: (value, wanted) => value === plain(wanted),
  StringEqualsIgnoreCase: (value, wanted) => value.toLowerCase() === plain(wanted).toLowerCase(),
  StringLike: (value, wanted) => like(wanted, value),
  ArnEquals: (value, wanted) => likeArn(wanted, value),
  ArnLike: (value, wanted) => likeArn(wanted, value),
  NumericEquals: numeric((a, b) => a === b),
  NumericLessThan: numeric((a, b) => a < b),
  NumericLessThanEquals: numeric((a, b) => a <= b),
  NumericGreaterThan: numeric((a, b) => a > b),
  NumericGreaterThanEquals: numeric((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
  Bool: (value, wanted) =>
    /^(true|false)$/i.test(value) ? value.toLowerCase() === plain(wanted).toLowerCase() : undefined,
  BinaryEquals: (value, wanted) => atob(value) === atob(plain(wanted)),
  IpAddress: address,
}

/** Each negated operator, and what it is the opposite of. */
const OPPOSITE: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
}

export const REFERENCE_OPERATORS: readonly string[] = [
  ...Object.keys(TESTS),
  ...Object.keys(OPPOSITE),
  'Null',
]

/** What a statement that opens the gate makes of an open question, and what one that closes it does. */
export interface Question {
  readonly keys: Keys
  readonly allows: boolean
  readonly variables: boolean
}

/** One key under one operator. */
export function holds(written: string, key: string, wanted: readonly string[], question: Question): boolean {
  const { keys, allows, variables } = question
  const values = keys.get(key.toLowerCase()) ?? []
  if (written === 'Null') return wanted.some(text => (text === 'true') === (values.length === 0))
  const [, set, base = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(written) ?? []
  const negated = base in OPPOSITE
  const test = TESTS[OPPOSITE[base] ?? base]
  if (test === undefined) throw new Error(`no operator ${written}`)

  const takesVariables = variables && /String|Arn/.test(base)
  const texts = wanted.map(text => expand(text, keys, takesVariables))
  if (allows && texts.includes(undefined)) return false
  const known = texts.filter(text => text !== undefined)

  const nothing = values.length === 0 || (set !== undefined && values.every(value => value === ''))
  if (nothing && ifExists !== undefined) return true
  if (nothing && set === 'ForAllValues') return true
  if (nothing && set === 'ForAnyValue') return false
  if (nothing) return negated

  const one = (value: string): boolean => {
    const results = known.map(text => test(value, text))
    if (results.includes(undefined)) return !allows
    return negated ? !results.includes(true) : results.includes(true)
  }
  if (set === 'ForAllValues') return values.every(one)
  if (set === 'ForAnyValue') return values.some(one)
  return allows ? values.every(one) : values.some(one)
}
