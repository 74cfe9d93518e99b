import type { BaseColumn, Relation, SchemaCatalog, SqlFunction } from '../../model.ts'

/** A small shop, with what makes lineage hard. */
export interface FixtureOptions {
  /** `schema.name` -> its parsed query. */
  readonly views?: Readonly<
    Record<string, { readonly columns: readonly string[]; readonly definition: unknown }>
  >
}

const TABLES: Readonly<Record<string, readonly string[]>> = {
  'public.users': ['id', 'name', 'email', 'ssn', 'manager_id'],
  'public.orders': ['id', 'user_id', 'total', 'note'],
  'public.items': ['order_id', 'sku', 'price'],
  'sales.users': ['id', 'region'],
  'pg_temp.scratch': ['a', 'b'],
  'pg_catalog.pg_class': ['oid', 'relname'],
}

const BUILT_IN: Readonly<Record<string, SqlFunction['volatility']>> = {
  lower: 'immutable',
  upper: 'immutable',
  length: 'immutable',
  substr: 'immutable',
  concat: 'stable',
  coalesce: 'immutable',
  count: 'immutable',
  sum: 'immutable',
  max: 'immutable',
  string_agg: 'immutable',
  array_agg: 'immutable',
  json_agg: 'stable',
  row_to_json: 'stable',
  to_json: 'stable',
  json_build_object: 'stable',
  json_each: 'immutable',
  unnest: 'immutable',
  generate_series: 'immutable',
  row_number: 'immutable',
  now: 'stable',
  random: 'volatile',
  pg_sleep: 'volatile',
  nextval: 'volatile',
  set_config: 'volatile',
  pg_read_file: 'volatile',
  query_to_xml: 'volatile',
  lo_from_bytea: 'volatile',
  pg_notify: 'volatile',
}

export function fixtureCatalog({ views = {} }: FixtureOptions = {}): SchemaCatalog {
  const relations = new Map<string, Relation>()
  const add = (
    path: string,
    kind: Relation['kind'],
    names: readonly string[],
    definition?: unknown,
  ): void => {
    const [schema = '', name = ''] = path.split('.')
    const columns: BaseColumn[] = names.map(column => ({ schema, relation: name, name: column }))
    relations.set(path, {
      schema,
      name,
      kind,
      columns,
      children: [],
      ...(definition === undefined ? {} : { definition }),
    })
  }
  for (const [path, columns] of Object.entries(TABLES)) add(path, 'table', columns)
  for (const [path, { columns, definition }] of Object.entries(views)) add(path, 'view', columns, definition)
  return {
    version: '1',
    relation: (schema, name) => relations.get(`${schema}.${name}`),
    functions(schema, name) {
      const volatility = schema === 'pg_catalog' ? BUILT_IN[name] : undefined
      if (volatility !== undefined) return [builtIn(name, volatility)]
      const isOwn = schema === 'public' && (name === 'price_of' || name === 'lower_own')
      return isOwn ? [{ ...builtIn(name, 'immutable'), schema, language: 'plpgsql' }] : []
    },
    isOwnOperator: name => name === '<->>',
    isOwnType: () => false,
    hasSchema: schema => ['public', 'sales', 'pg_catalog', 'pg_temp'].includes(schema),
  }
}

function builtIn(name: string, volatility: SqlFunction['volatility']): SqlFunction {
  return {
    schema: 'pg_catalog',
    name,
    volatility,
    language: 'internal',
    kind: 'function',
    securityDefiner: false,
  }
}
