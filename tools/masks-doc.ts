/** Writes docs/masks-built-in.md from the catalog and src/mask/built-in-table.ts: `node tools/masks-doc.ts`. */
import { writeFileSync } from 'node:fs'
import { loadCatalog } from '../src/catalog/load.ts'
import { BuiltIn } from '../src/mask/built-in.ts'

/** Operations that a row names. */
const NAMED_OPERATIONS = 3

interface Row {
  readonly service: string
  readonly member: string
  readonly how: 'value' | 'signature'
  readonly operations: Set<string>
}

/** The page of what is masked by default. */
export function maskedByDefaultPage(): string {
  const catalog = loadCatalog()
  const builtIn = new BuiltIn(catalog)
  const marked = new Map<string, { members: number; operations: number }>()
  const rows = new Map<string, Row>()
  for (const service of catalog.services.keys()) {
    for (const operation of catalog.shapes(service).operations.keys()) {
      const fields = builtIn.of(service, operation)
      if (fields.marked.length > 0) {
        const count = marked.get(service) ?? { members: 0, operations: 0 }
        count.members += fields.marked.length
        count.operations++
        marked.set(service, count)
      }
      for (const path of fields.named) addRow(rows, service, operation, path, 'value')
      for (const path of fields.presigned) addRow(rows, service, operation, path, 'signature')
    }
  }
  return page(marked, [...rows.values()])
}

function addRow(
  rows: Map<string, Row>,
  service: string,
  operation: string,
  path: string,
  how: Row['how'],
): void {
  const member = shortened(path)
  const key = `${service} ${member} ${how}`
  const row = rows.get(key) ?? { service, member, how, operations: new Set() }
  row.operations.add(operation)
  rows.set(key, row)
}

/** The last members of a path: the same structure stands in the replies of many operations. */
function shortened(path: string): string {
  const steps = path.split('.')
  return steps.length <= 2 ? path : `…${steps.slice(-2).join('.')}`
}

function page(
  marked: ReadonlyMap<string, { readonly members: number; readonly operations: number }>,
  rows: readonly Row[],
): string {
  const counts = [...marked].map(
    ([service, { members, operations }]) => `| \`${service}\` | ${operations} | ${members} |`,
  )
  const sum = (pick: (count: { members: number; operations: number }) => number): number =>
    [...marked.values()].reduce((total, count) => total + pick(count), 0)
  const listed = rows.map(({ service, member, how, operations }) => {
    const names = [...operations].slice(0, NAMED_OPERATIONS).map(name => `\`${name}\``)
    const more = operations.size - names.length
    return `| \`${service}\` | \`${member}\` | ${how} | ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''} |`
  })
  return `# What is masked by default

Made from the catalog and \`src/mask/built-in-table.ts\` by \`node tools/masks-doc.ts\`. A principal sees these
members as masks unless its policies allow \`gate:Unmask\` on them; see [masks.md](masks.md).

Systems Manager's \`GetParameter\`, \`GetParameters\`, \`GetParametersByPath\` and \`GetParameterHistory\` are masked
only where the call has \`WithDecryption\`: else a \`SecureString\` comes as ciphertext, and the others are settings.

## What AWS does not mark

By the names of the members, and by a list of operations. Of a presigned URL the signature is masked and the
rest stays. In an environment the names of variables stay.

| service | member | masked | in the replies of |
| --- | --- | --- | --- |
${listed.join('\n')}

## What AWS marks as sensitive

${sum(({ members }) => members)} members in the replies of ${sum(({ operations }) => operations)} operations of ${marked.size} services.

| service | operations | members |
| --- | --- | --- |
${counts.join('\n')}
`
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/masks-built-in.md', import.meta.url), maskedByDefaultPage())
}
