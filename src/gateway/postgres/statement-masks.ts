import type { Decision } from '../../core/decision.ts'
import type { SchemaCatalog, SqlStatement } from '../../interpret/sql/model.ts'
import { formFor } from '../../mask/sql/columns.ts'
import { linesOf, masksOf, type StatementMasks } from '../sql/masks.ts'
import { isTransactionOnly, type Understood } from '../sql/understood.ts'

/** The masks of a text. */
export interface PostgresMasks extends StatementMasks {
  /**
   * Set where nothing that the text touches or gives is masked: how many columns each of its statements gives. Rows of that width
   * pass unread, and no others.
   */
  readonly widths?: readonly number[]
}

interface Known {
  readonly understood: Understood
  readonly catalog: SchemaCatalog
  readonly masks: PostgresMasks
}

/** Of decisions that are given again; what they are about is looked at all the same. */
const KNOWN = new WeakMap<Decision, Known>()

/** What is masked of a text by what was decided of it. Rules that touch nothing of it are left out. */
export function postgresMasks(
  decision: Decision,
  understood: Understood,
  catalog: SchemaCatalog,
): PostgresMasks {
  const known = KNOWN.get(decision)
  if (known?.understood === understood && known.catalog === catalog) return known.masks
  const masks = lean(masksOf(decision, understood, catalog), understood)
  KNOWN.set(decision, { understood, catalog, masks })
  return masks
}

function lean(masks: StatementMasks, { statements, unclear }: Understood): PostgresMasks {
  const { rules, detects, isHushed } = masks
  if (rules.length === 0 || detects.length > 0 || isHushed || unclear !== undefined) return masks
  const widths: number[] = []
  for (const statement of statements) {
    const width = widthOf(statement, masks)
    if (width === undefined) return masks
    widths.push(width)
  }
  return { ...masks, rules: [], widths }
}

/** Statements whose rows are their output: data of COPY are none, and EXPLAIN EXECUTE gives a plan in the place of it. */
const GIVES_OUTPUT: ReadonlySet<string> = new Set([
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'],
  ...['EXECUTE', 'FETCH'],
])

/** How many columns a statement gives; undefined where that cannot be told, or one of them is masked. */
function widthOf(statement: SqlStatement, { rules }: StatementMasks): number | undefined {
  const { tag, output } = statement
  if (isTransactionOnly(statement)) return 0
  if (!GIVES_OUTPUT.has(tag) || output === undefined || output.open !== undefined) return undefined
  return formFor(linesOf(output), rules) === undefined ? output.columns.length : undefined
}
