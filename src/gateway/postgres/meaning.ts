import type { Relation, SchemaCatalog, SqlFunction } from '../../interpret/sql/model.ts'
import type { Understood } from '../sql/understood.ts'

/** Whether a text does the same: touches the same, gives the same, by whatever catalog it was read. */
export function sameMeaning(one: Understood, other: Understood): boolean {
  return one === other || written(one) === written(other)
}

/** As JSON. Sets are in the order in which they were made: by equal names of the same text it is the same. */
function written(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each instanceof Set) return [...each]
    return each instanceof Map ? [...each] : each
  })
}

/**
 * What a session sees that has something of its own, where others have changed something since it looked: what it has
 * otherwise than all others had then is its own, and the rest is as all have it now.
 * @param own as the session saw it; `before` as all others did then; `now` as they do now
 */
export function mergedCatalog(own: SchemaCatalog, before: SchemaCatalog, now: SchemaCatalog): SchemaCatalog {
  const chosen = <T>(of: (catalog: SchemaCatalog) => T): T => {
    const mine = of(own)
    return written(mine) === written(of(before)) ? of(now) : mine
  }
  return {
    version: `${own.version} ${before.version} ${now.version}`,
    relation: (schema, name): Relation | undefined => chosen(of => of.relation(schema, name)),
    functions: (schema, name): readonly SqlFunction[] => chosen(of => of.functions(schema, name)),
    isOwnOperator: name => chosen(of => of.isOwnOperator(name)),
    isOwnType: name => chosen(of => of.isOwnType(name)),
    hasSchema: schema => chosen(of => of.hasSchema(schema)),
  }
}

/**
 * Whether a path may lead elsewhere than before, by two answers to PATHS: some schema that it may name is another. A
 * configuration that was read anew counts only where the session itself can be asked.
 * @param path as it is written
 */
export function leadsElsewhere(path: string, before: string, now: string): boolean {
  if (before === now) return false
  const [then, since] = [schemasIn(before), schemasIn(now)]
  const written = path.replaceAll('""', '"').toLowerCase()
  const names = new Set([...then.keys(), ...since.keys()])
  return [...names].some(
    name => name !== '' && then.get(name) !== since.get(name) && written.includes(name.toLowerCase()),
  )
}

function schemasIn(paths: string): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(JSON.parse(paths) as Record<string, unknown>))
}
