import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import type {
  BaseColumn,
  Lineage,
  Relation,
  SchemaCatalog,
  SqlFunction,
  SqlStatement,
} from '../../src/interpret/sql/model.ts'
import { openQueryParser } from '../../src/interpret/sql/mysql/parse/parser.ts'
import { understandText } from '../../src/interpret/sql/mysql/statement.ts'

/** Ways around what the gate says of MySQL's statements; each a file. */
interface Evasion {
  readonly why: string
  readonly sql: string
  /** What must be said of `users.ssn`. */
  readonly said?: keyof typeof SAID
  /** What must be asked: an action, what it is of, and a column. */
  readonly asks?: string
  /** The server finds tables whatever their case is. */
  readonly folds?: boolean
}

const FOLDER = new URL('sql/mysql/', import.meta.url)
const parser = openQueryParser({ after: () => () => undefined })
after(() => parser.close())

function table(name: string, names: readonly string[]): Relation {
  const columns: BaseColumn[] = names.map(column => ({ schema: 'shop', relation: name, name: column }))
  return { schema: 'shop', name, kind: 'table', columns, children: [] }
}

const TABLES = [table('users', ['id', 'name', 'ssn']), table('notes', ['id', 'user_id', 'note'])]
const TELL: SqlFunction = {
  ...({ schema: 'shop', name: 'tell', volatility: 'volatile', language: 'sql', kind: 'procedure' } as const),
  securityDefiner: true,
}
const CATALOG: SchemaCatalog = {
  version: '1',
  relation: (_schema, name) => TABLES.find(each => each.name === name),
  functions: (_schema, name) => (name.toLowerCase() === 'tell' ? [TELL] : []),
  isOwnOperator: () => false,
  isOwnType: () => false,
  hasSchema: () => true,
}

const has = (lineage: Lineage | undefined): boolean =>
  [...(lineage ?? [])].some(({ name }) => name === 'ssn' || name === '*')
const isUnknown = ({ touches }: SqlStatement): boolean =>
  touches.some(({ action }) => action === 'sql:Unknown')
const isMasked = ({ output }: SqlStatement): boolean =>
  has(output?.open) || output?.columns.some(({ from }) => has(from)) === true

const SAID = {
  unknown: isUnknown,
  masked: (statement: SqlStatement) => !isUnknown(statement) && isMasked(statement),
  'masked-or-unknown': isMasked,
  copied: (statement: SqlStatement) => !isUnknown(statement) && has(statement.copied),
  inferred: (statement: SqlStatement) => !isUnknown(statement) && has(statement.inferred),
}

/** Each action with what it is of, and with each column that it names. */
const asked = ({ touches }: SqlStatement): readonly string[] =>
  touches.flatMap(({ action, object: { schema, name }, columns }) => {
    const of = `${action} ${schema === undefined ? '' : `${schema}.`}${name}`
    return [of, ...[...columns].map(column => `${of} ${column}`)]
  })

for (const file of readdirSync(FOLDER).sort()) {
  const { why, sql, said, asks, folds } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Evasion
  test(`${file}: ${why}`, async () => {
    const statements = await understandText(sql, {
      dialect: { mariadb: true, ansiQuotes: false, noBackslashEscapes: false },
      catalog: CATALOG,
      session: { database: 'shop', isCaseSensitive: folds !== true },
      parser,
    })
    const shown = statements.map(({ statement, doubt }) => `${statement.tag} ${doubt ?? ''}`).join('; ')
    assert.ok(said !== undefined || asks !== undefined, 'it says what must come of it')
    if (said !== undefined)
      assert.ok(
        statements.some(({ statement }) => SAID[said](statement)),
        shown,
      )
    if (asks !== undefined)
      assert.ok(
        statements.some(({ statement }) => asked(statement).includes(asks)),
        shown,
      )
  })
}
