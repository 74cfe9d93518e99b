import type { Lineage } from '../../model.ts'
import type { Place } from './analysis.ts'
import { type Columns, union } from './scope.ts'

/**
 * What the value of an expression comes from. Where more than its value tells of something (an error, a warning that
 * quotes it), that is inferred at once.
 */
export function lineageOf(node: unknown, place: Place): Lineage {
  return place.analysis.readers.expression(node, place)
}

/** The columns of a query; `place` is where it stands. */
export function columnsOf(query: unknown, place: Place): Columns {
  return place.analysis.readers.query(query, place)
}

export function lineagesOf(nodes: readonly unknown[], place: Place): Lineage {
  return union(...nodes.map(node => lineageOf(node, place)))
}

/** An expression on which hangs what happens: WHERE, ORDER BY, and so on. */
export function decides(node: unknown, place: Place): void {
  if (node !== undefined) place.analysis.infer(lineageOf(node, place))
}

/** Of an operation that may fail, or warn with a value. */
export function partial(lineage: Lineage, place: Place): Lineage {
  place.analysis.infer(lineage)
  return lineage
}
