import type { Context, Pair } from '../../core/decision.ts'
import { contextOf, pairsOf, type SqlPlace } from '../../interpret/sql/ask.ts'
import { ANY_COLUMN, type Output, type SqlAction, type SqlStatement } from '../../interpret/sql/model.ts'

/** What a text does to the meaning of those behind it. */
export type Change = 'nothing' | 'names' | 'catalog'

/** A text with all of its statements, understood: one question, for the server takes it as one. */
export interface Understood {
  readonly pairs: readonly Pair[]
  readonly context: Context
  readonly tags: readonly string[]
  readonly statements: readonly SqlStatement[]
  readonly change: Change
  /** Why it cannot be told, in prose: then it is asked about as `sql:Unknown`. */
  readonly unclear?: string
}

const DATABASE = { kind: 'database', name: '*' } as const

/** What cannot be told. Anything may come out of it, and anything may have changed after it. */
export function unknown(unclear: string, place: SqlPlace): Understood {
  return {
    ...asked(
      [onDatabase('UNKNOWN', 'sql:Unknown', { columns: [], open: new Set([ANY_COLUMN]) })],
      'catalog',
      place,
    ),
    unclear,
  }
}

/** To come to the database at all; with settings that the client brings along, by their names, as if it had sent SET. */
export function connecting(place: SqlPlace, settings: readonly string[] = []): Understood {
  const coming = onDatabase('CONNECT', 'sql:Connect')
  const set = settings.map(name => ({ action: 'sql:Set', object: { kind: 'setting', name } }) as const)
  const touches = [...coming.touches, ...set.map(each => ({ ...each, columns: new Set<string>() }))]
  return asked([{ ...coming, touches }], 'nothing', place)
}

function onDatabase(tag: string, action: SqlAction, output?: Output): SqlStatement {
  return {
    tag,
    touches: [{ action, object: DATABASE, columns: new Set() }],
    functions: new Set(),
    inferred: new Set(),
    copied: new Set(),
    effects: [],
    ...(output === undefined ? {} : { output }),
  }
}

/** Whether a statement only begins and ends transactions: it means the same whatever names mean. */
export function isTransactionOnly({ touches }: SqlStatement): boolean {
  return touches.length > 0 && touches.every(({ action }) => action === 'sql:Transaction')
}

/** Whether a text calls what the gate does not know the insides of. */
export function callsFunctions({ statements }: Understood): boolean {
  return statements.some(({ touches }) => touches.some(({ action }) => action === 'sql:Call'))
}

const WRITES: ReadonlySet<SqlAction> = new Set<SqlAction>([
  'sql:Insert',
  'sql:Update',
  'sql:Delete',
  'sql:Merge',
  'sql:Truncate',
  'sql:Maintain',
])

/** Whether a text may run what stands in the definitions of tables. */
export function writes({ statements }: Understood): boolean {
  return statements.some(({ touches }) => touches.some(({ action }) => WRITES.has(action)))
}

const WEIGHTS: readonly Change[] = ['nothing', 'names', 'catalog']

export function greater(a: Change, b: Change): Change {
  return WEIGHTS.indexOf(a) >= WEIGHTS.indexOf(b) ? a : b
}

/** The statements of a text as one question. */
export function asked(statements: readonly SqlStatement[], change: Change, place: SqlPlace): Understood {
  // The pairs of nothing at all: of a text without a statement, too, somebody must have allowed something.
  const pairs = statements.flatMap(statement => pairsOf(statement, place))
  const empty = statements.length > 0 ? [] : pairsOf(onDatabase('', 'sql:Select'), place)
  return {
    pairs: [...pairs, ...empty],
    context: merged(statements.map(contextOf)),
    tags: statements.map(({ tag }) => tag),
    statements,
    change,
  }
}

/** The keys of all statements of a text. That each change has a condition is true only if it is so of every one. */
function merged(contexts: readonly Context[]): Context {
  const all = new Map<string, readonly string[]>()
  for (const context of contexts) {
    for (const [key, values] of context) {
      const together = [...new Set([...(all.get(key) ?? []), ...values])].sort()
      all.set(key, key === 'sql:haswhere' && together.includes('false') ? ['false'] : together)
    }
  }
  return all
}
