/**
 * What is known of PostgreSQL's own functions and operators: which may be applied to a value that is to be masked,
 * because nothing but their result tells of it, and which reach beyond the statement.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/**
 * Functions and aggregates that take every value of their types without an error, return one value for each row or group,
 * and have no effect. Only through these may a masked column pass to a result (which is masked then); through
 * any other, whether there is an error or a row would tell of it.
 */
export const TOTAL_FUNCTIONS: ReadonlySet<string> = words(`
  array_agg avg bit_length bool_and bool_or btrim char_length character_length coalesce concat concat_ws count
  cume_dist dense_rank every first_value greatest initcap json_agg json_build_array json_build_object jsonb_agg
  jsonb_build_array jsonb_build_object json_object_agg jsonb_object_agg lag last_value lead least left length lower
  lpad ltrim max md5 min nth_value ntile num_nonnulls num_nulls octet_length percent_rank quote_ident
  quote_literal quote_nullable rank replace reverse right row_number row_to_json rpad rtrim sha224 sha256 sha384
  sha512 split_part starts_with stddev stddev_pop stddev_samp string_agg strpos substr sum to_json to_jsonb
  translate trim upper var_pop var_samp variance xmlagg
`)

/** Operators that take every value of their types without an error. */
export const TOTAL_OPERATORS: ReadonlySet<string> = words('= <> != < > <= >= || IS')

/** Types to which every text and number can be cast. */
export const TOTAL_CASTS: ReadonlySet<string> = words('text varchar bpchar')

/** Volatile functions of the server's own whose effect is nothing but their result, or a lock of the session. */
export const HARMLESS_VOLATILE: ReadonlySet<string> = words(`
  clock_timestamp gen_random_uuid pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
  pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
  pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared random random_normal
  statement_timestamp timeofday uuidv4 uuidv7 currval lastval
`)

/** Functions of the server's own that are told to be stable, and read what a text or a number names. */
export const READS_BY_NAME: ReadonlySet<string> = words(`
  cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xml_and_xmlschema database_to_xmlschema
  pg_get_object_address pg_read_binary_file pg_read_file pg_stat_file pg_ls_dir query_to_xml
  query_to_xml_and_xmlschema query_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
  table_to_xml table_to_xml_and_xmlschema table_to_xmlschema ts_rewrite ts_stat lo_get loread lo_export
`)
