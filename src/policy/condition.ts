import { nearest } from '../core/nearest.ts'
import { countColons, glob } from './glob/pattern.ts'
import type { Comparison, Condition, Operator } from './model.ts'
import { OPERATOR_NAMES, parseOperator, takesVariables } from './operators.ts'
import { type Located, quote } from './problem.ts'
import { readTexts } from './report.ts'
import type { Tree } from './source.ts'
import type { StatementReader } from './statement-reader.ts'
import { parseDate } from './values/date.ts'
import { parseDecimal } from './values/decimal.ts'
import { parseNetwork } from './values/network.ts'
import { isDynamic, parseTemplate } from './variables.ts'

/** Reads a `Condition`: operator -> key -> values. All of them must hold. */
export function readConditions(reader: StatementReader, node: Tree): readonly Condition[] {
  const { report } = reader
  if (node.kind !== 'map') {
    report.error('structure', node.at, '`Condition` must be an object of operators')
    return []
  }
  return node.entries.flatMap(entry => {
    const operator = parseOperator(entry.key)
    if (operator === undefined) {
      report.error('value', entry.at, unknownOperator(entry.key))
      return []
    }
    if (entry.value.kind !== 'map') {
      report.error('structure', entry.value.at, `${quote(entry.key)} must be an object of condition keys`)
      return []
    }
    return readKeys(reader, operator, entry.value.entries)
  })
}

function readKeys(
  reader: StatementReader,
  operator: Operator,
  entries: Extract<Tree, { kind: 'map' }>['entries'],
): Condition[] {
  const seen = new Set<string>()
  return entries.map(({ key, at, value }) => {
    if (seen.has(key.toLowerCase())) {
      reader.report.error('structure', at, `the key ${quote(key)} stands under this operator twice`)
    }
    seen.add(key.toLowerCase())
    const values = readTexts(reader.report, quote(key), value)
    for (const text of values) checkValue(reader, operator, text)
    return { at, operator, key, keyAt: at, values }
  })
}

function unknownOperator(name: string): string {
  const base = name.replace(/^(?:ForAllValues|ForAnyValue):/i, '').replace(/IfExists$/i, '')
  if (base.toLowerCase() === 'null') return '`Null` takes neither a set prefix nor `IfExists`'
  const near = nearest(base, OPERATOR_NAMES)
  const hint = near === undefined ? 'see `docs/policy.md` for all of them' : `did you mean \`${near}\`?`
  return `unknown condition operator ${quote(name)}; ${hint}`
}

/** Reports a value that its operator could never compare with anything. */
function checkValue({ report, variables }: StatementReader, operator: Operator, value: Located): void {
  const { comparison, name } = operator
  if (variables && value.text.includes('${')) {
    const template = parseTemplate(value.text)
    if (typeof template === 'string') {
      report.error('value', value.at, `the value ${quote(value.text)} is not accepted: ${template}`)
      return
    }
    if (!takesVariables(comparison)) {
      report.error(
        'value',
        value.at,
        `\`${name}\` takes no policy variables; only string and ARN operators do`,
      )
      return
    }
    if (isDynamic(template)) return
  }
  const expected = expectation(comparison, value.text)
  if (expected !== undefined) {
    report.error('value', value.at, `the value ${quote(value.text)} of \`${name}\` must be ${expected}`)
  }
}

/** What a value of this comparison must be; undefined where it is that. */
function expectation(comparison: Comparison, text: string): string | undefined {
  if (comparison.startsWith('String')) return undefined
  if (comparison.startsWith('Numeric')) {
    return parseDecimal(text) === undefined ? 'a number like `4` or `0.5`' : undefined
  }
  if (comparison.startsWith('Date')) {
    return parseDate(text) === undefined ? 'a date like `2026-11-23T10:00:00Z` or epoch seconds' : undefined
  }
  if (comparison === 'IpAddress') {
    return parseNetwork(text) === undefined ? 'an address or network like `203.0.113.0/24`' : undefined
  }
  if (comparison === 'ArnLike') {
    return countColons(glob(text)) < 5
      ? 'an ARN with six components, each of which may hold wildcards'
      : undefined
  }
  if (comparison === 'BinaryEquals') {
    return Buffer.from(text, 'base64').toString('base64') === text ? undefined : 'base64'
  }
  return /^(?:true|false)$/i.test(text) ? undefined : '`true` or `false`'
}
