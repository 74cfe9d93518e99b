import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import type { Parsed } from '../../interpret/sql/postgres/parse/messages.ts'
import type { Understood } from '../sql/understood.ts'
import type { Names } from './understanding.ts'

/** Sessions of one database have few different search_paths. */
const MAX_PATHS = 8

/**
 * What parsed texts were understood to be, for all sessions of a database. Invariant: what is given was understood from the
 * same tree, the same catalog and the same search_path. Trees and catalogs are known by identity: they are never changed, and
 * another of either is another object. What nobody else has any more is forgotten.
 */
export class UnderstoodTexts {
  readonly #byCatalog = new WeakMap<SchemaCatalog, WeakMap<Parsed, Map<string, Understood>>>()

  get(parsed: Parsed, { catalog, searchPath }: Names): Understood | undefined {
    return this.#byCatalog.get(catalog)?.get(parsed)?.get(keyOf(searchPath))
  }

  /** Only for what means the same in each session, whatever that has given names to. */
  set(parsed: Parsed, { catalog, searchPath }: Names, understood: Understood): void {
    let byText = this.#byCatalog.get(catalog)
    if (byText === undefined) {
      byText = new WeakMap()
      this.#byCatalog.set(catalog, byText)
    }
    let byPath = byText.get(parsed)
    if (byPath === undefined || byPath.size >= MAX_PATHS) {
      byPath = new Map()
      byText.set(parsed, byPath)
    }
    byPath.set(keyOf(searchPath), understood)
  }
}

/** No name has a NUL in it. */
function keyOf(searchPath: readonly string[]): string {
  return searchPath.join('\0')
}
