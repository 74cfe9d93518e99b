/**
 * A short question whose answer changes whenever anybody changes what QUESTIONS read: each version of a row of the
 * catalog has the transaction that wrote it (`xmin`; freezing leaves it as it was). A new version has a newer transaction
 * than any before, so the greatest one and the number of rows tell it even where the sums of hashes would be equal. Versions
 * that one transaction wrote of a row, and sees, are told apart by where they lie (`ctid`): none is removed before it ends.
 * Temporary objects of other sessions are left out. So are indexes and TOAST, which no name in a statement means.
 */
const HIDDEN = `
  select n.oid from pg_catalog.pg_namespace n where n.nspname ~ '^pg_(temp|toast)' and n.oid <> pg_my_temp_schema()`
const KINDS = `('r', 'p', 'v', 'm', 'f', 'S', 'c')`
const UNSEEN = `
  select c.oid from pg_catalog.pg_class c where c.relnamespace in (${HIDDEN}) or c.relkind not in ${KINDS}`

/**
 * Equal answers: nobody has written anything in between, nor read the configuration anew, so the catalog is as it was, and
 * paths lead where they led. Cheaper than CATALOG_STATE.
 */
export const SNAPSHOT = `
  select pg_catalog.txid_current_snapshot()::pg_catalog.text || ' ' || pg_catalog.pg_conf_load_time()::pg_catalog.text
         as snapshot`

/**
 * By what the server resolves a search_path, beside the path itself: JSON, what is known of each schema by its name, and of the
 * configuration by ''. Equal answers: every path leads where it led. To be asked with an empty search_path.
 */
export const PATHS: string = `
  select pg_catalog.json_object_agg(s.name, s.state order by s.name collate pg_catalog."C")::pg_catalog.text as paths from (
    select '' as name, pg_catalog.pg_conf_load_time()::pg_catalog.text as state
    union all
    select n.nspname::pg_catalog.text,
           pg_catalog.concat_ws(' ', n.oid, n.nspowner, n.nspacl, pg_catalog.has_schema_privilege(n.oid, 'USAGE'))
      from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(temp|toast)') s`

/** `key` is a bigint that tells a row from others of its table. */
function stateOf(table: string, key: string, where = 'true'): string {
  const xmin = `${table}.xmin::pg_catalog.text::pg_catalog.int8`
  const place = `pg_catalog.hashtextextended(${table}.ctid::pg_catalog.text, 0)`
  return `
    select count(*)::pg_catalog.text || ' ' || coalesce(max(${xmin}), 0)::pg_catalog.text || ' '
           || coalesce(sum(pg_catalog.hashint8extended((${key} << 32) | ${xmin}, ${place})), 0)::pg_catalog.text as state
      from pg_catalog.${table} where ${where}`
}

const oid = (table: string): string => `${table}.oid::pg_catalog.int8`

/** One row with one column: to be asked with an empty search_path. */
export const CATALOG_STATE: string = `
  select string_agg(s.state, ' ') as state from (${[
    stateOf('pg_class', oid('pg_class'), `oid not in (${UNSEEN})`),
    // The number of an attribute lies in the bits above those of its relation's: two rows of one key are in no sum.
    stateOf(
      'pg_attribute',
      `(attrelid::pg_catalog.int8 # (attnum::pg_catalog.int8 << 16))`,
      `attnum > 0 and attrelid not in (${UNSEEN})`,
    ),
    stateOf('pg_rewrite', oid('pg_rewrite'), `ev_class not in (${UNSEEN})`),
    stateOf('pg_inherits', '(inhrelid::pg_catalog.int8 # (inhparent::pg_catalog.int8 << 8))'),
    stateOf('pg_proc', oid('pg_proc'), `pronamespace not in (${HIDDEN})`),
    stateOf('pg_operator', oid('pg_operator'), `oprnamespace not in (${HIDDEN})`),
    stateOf('pg_type', oid('pg_type'), `typnamespace not in (${HIDDEN})`),
    stateOf('pg_namespace', oid('pg_namespace'), `oid not in (${HIDDEN})`),
    stateOf('pg_language', oid('pg_language')),
  ].join(' union all ')}) s`
