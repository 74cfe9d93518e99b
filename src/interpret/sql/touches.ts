import { ANY_COLUMN, type BaseColumn, type Touch } from './model.ts'

/** One touch for each action and object. */
export function mergedTouches(touches: readonly Touch[]): readonly Touch[] {
  const byKey = new Map<string, { readonly touch: Touch; readonly columns: Set<string> }>()
  for (const touch of touches) {
    const { kind, schema, name } = touch.object
    const key = JSON.stringify([touch.action, kind, schema, name])
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, { touch, columns: new Set(touch.columns) })
    else for (const column of touch.columns) known.columns.add(column)
  }
  return [...byKey.values()].map(({ touch, columns }) => ({ ...touch, columns }))
}

/** What is read of each relation by name. */
export function touchesOf(seen: Iterable<BaseColumn>): readonly Touch[] {
  const named = [...seen].filter(column => column !== ANY_COLUMN)
  return named.map(({ schema, relation, name }) => ({
    action: 'sql:Select',
    object: { kind: 'relation', schema, name: relation },
    columns: new Set([name]),
  }))
}
