/**
 * What the gate asks the upstream's catalog (https://www.postgresql.org/docs/current/catalogs.html), with an empty
 * search_path, so that what views and functions say is qualified. All columns are text. Relations and types are qualified, too:
 * those of `pg_temp` would come before the server's own.
 */
const RELATION_KINDS = `('r', 'p', 'v', 'm', 'f', 'S', 'c')`

/** A session's own temporary schema goes by the name under which it is found. */
const SCHEMA = `case when n.oid = pg_my_temp_schema() then 'pg_temp' else n.nspname end`
const VISIBLE = `(n.oid = pg_my_temp_schema() or n.nspname !~ '^pg_(temp|toast)')`

export type Question = 'relations' | 'views' | 'inherits' | 'functions' | 'operators' | 'types' | 'schemas'

export const QUESTIONS: Readonly<Record<Question, string>> = {
  /** Each column of each relation, in order; a relation without columns once. */
  relations: `
    select c.oid::pg_catalog.text as oid, ${SCHEMA}::pg_catalog.text as schema, c.relname::pg_catalog.text as name, c.relkind::pg_catalog.text as kind,
           a.attname::pg_catalog.text as column
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ${RELATION_KINDS} and ${VISIBLE}
     order by c.oid, a.attnum`,
  /** What each view is. */
  views: `
    select c.oid::pg_catalog.text as oid, pg_catalog.pg_get_viewdef(c.oid) as definition
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('v', 'm') and ${VISIBLE}`,
  /** Whose rows are read with whose: partitions, and tables that inherit. */
  inherits: `select i.inhparent::pg_catalog.text as parent, i.inhrelid::pg_catalog.text as child from pg_catalog.pg_inherits i`,
  functions: `
    select ${SCHEMA}::pg_catalog.text as schema, p.proname::pg_catalog.text as name, p.provolatile::pg_catalog.text as volatility,
           l.lanname::pg_catalog.text as language, p.prokind::pg_catalog.text as kind, p.prosecdef::pg_catalog.text as definer
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_language l on l.oid = p.prolang
     where ${VISIBLE}
     group by 1, 2, 3, 4, 5, 6`,
  /** Operators that the server did not bring. */
  operators: `
    select distinct o.oprname::pg_catalog.text as name
      from pg_catalog.pg_operator o
     where o.oprnamespace <> 'pg_catalog'::pg_catalog.regnamespace`,
  /** Types by the names of those of the server that every text can be cast to. */
  types: `
    select distinct t.typname::pg_catalog.text as name
      from pg_catalog.pg_type t
      join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typname in ('text', 'varchar', 'bpchar') and n.nspname <> 'pg_catalog' and ${VISIBLE}`,
  schemas: `select ${SCHEMA}::pg_catalog.text as schema from pg_catalog.pg_namespace n where ${VISIBLE}`,
}
