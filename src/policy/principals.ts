import type { PrincipalSelector, PrincipalType } from './model.ts'
import { type Located, oneOf, quote } from './problem.ts'
import { type Members, type Report, readTexts } from './report.ts'
import type { Tree } from './source.ts'

const TYPES = ['AWS', 'Federated', 'Service', 'CanonicalUser'] as const satisfies readonly PrincipalType[]

/**
 * Reads `Principal` or `NotPrincipal` of a trust policy: `*`, or an object of kinds. A wildcard cannot
 * match part of a name (IAM User Guide, "AWS JSON policy elements: Principal"), so `*` stands alone.
 */
export function readPrincipals(report: Report, members: Members): PrincipalSelector | undefined {
  const plain = members.take('Principal')
  const negated = members.take('NotPrincipal')
  const entry = plain ?? negated
  if (entry === undefined) {
    report.error('structure', members.at, 'a trust statement must have `Principal` or `NotPrincipal`')
    return undefined
  }
  if (plain !== undefined && negated !== undefined) {
    report.error('structure', negated.at, 'a statement cannot have both `Principal` and `NotPrincipal`')
  }
  return { not: plain === undefined, principals: readTypes(report, entry.value) }
}

function readTypes(report: Report, node: Tree): PrincipalSelector['principals'] {
  if (node.kind === 'text' && node.text === '*') {
    return [{ type: '*', value: { text: '*', at: node.at } }]
  }
  if (node.kind !== 'map') {
    report.error(
      'structure',
      node.at,
      '`Principal` must be `*` or an object: `{Federated: ...}`, `{AWS: ...}`',
    )
    return []
  }
  return node.entries.flatMap(({ key, at, value }) => {
    const type = TYPES.find(name => name === key)
    if (type === undefined) {
      report.error('value', at, `unknown kind of principal ${quote(key)}; it must be ${oneOf(TYPES)}`)
      return []
    }
    return readTexts(report, `\`${type}\``, value).map(text => {
      const trouble = checkPrincipal(type, text)
      if (trouble !== undefined) report.error('value', text.at, `\`${type}\` ${quote(text.text)} ${trouble}`)
      return { type, value: text }
    })
  })
}

function checkPrincipal(type: PrincipalType, { text }: Located): string | undefined {
  if (type === 'AWS' && text === '*') return undefined
  if (text.includes('*') || text.includes('?')) return 'cannot hold a wildcard'
  if (type === 'AWS' && !/^\d{12}$/.test(text) && text.split(':').length < 6) {
    return 'must be `*`, an ARN or an account number of 12 digits'
  }
  if (text === '') return 'is empty'
  return undefined
}
