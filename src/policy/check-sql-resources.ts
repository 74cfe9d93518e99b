import type { PolicyDocument } from './model.ts'
import type { Problem } from './problem.ts'
import { quote } from './problem.ts'

const PREFIX = 'arn:sallyport:sql:'

/**
 * Warns of patterns for databases that no resource has the form of: a Deny on one would deny nothing. Resources are
 * `arn:sallyport:sql:REGION:ACCOUNT:TARGET/DATABASE`, with `/SCHEMA.NAME` or `/KIND:NAME` behind it (`interpret/sql/ask.ts`).
 */
export function sqlResourcesOfNothing({ name, statements }: PolicyDocument): Problem[] {
  return statements.flatMap(({ resources }) =>
    (resources?.patterns ?? []).flatMap(({ text, at }): Problem[] => {
      const why = text.startsWith(PREFIX) ? whyNone(text.slice(PREFIX.length)) : undefined
      if (why === undefined) return []
      const message = `no resource of a database has the form of ${quote(text)}: ${why}`
      return [{ severity: 'warning', kind: 'never-matches', policy: name, at, message }]
    }),
  )
}

/** What a wildcard or a variable stands for may be anything, borders included. */
function whyNone(rest: string): string | undefined {
  const [, , ...path] = rest.replaceAll(/\$\{[^{}]{0,200}\}/g, '*').split(':')
  const [target = '', database, object, ...more] = path.join(':').split('/')
  if (more.length > 0) return 'behind the database there is one name alone, `SCHEMA.NAME`'
  if (database === undefined && !target.includes('*')) return 'behind the target there is its database'
  if (object === undefined || /[*.:]/.test(object)) return undefined
  return `a table is \`SCHEMA.NAME\`; in any schema: \`${target}/${database}/*.${object}\``
}
