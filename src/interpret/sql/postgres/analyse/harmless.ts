import type { Node } from 'libpg-query'
import { namesOf } from './tree.ts'

/**
 * What is known of PostgreSQL's own functions and operators: which may be applied to a value that is to be masked,
 * because nothing but their result tells of it, and which reach beyond the statement.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter(word => word !== ''))

/**
 * Functions and aggregates that take every value of their types without an error, return one value for each row or group,
 * and have no effect. Only through these may a masked column pass to a result (which is masked then); through
 * any other, whether there is an error or a row would tell of it.
 */
export const TOTAL_FUNCTIONS: ReadonlySet<string> = words(`
  array_agg array_length array_to_string avg bit_length bool_and bool_or btrim char_length character_length coalesce concat concat_ws count
  cume_dist dense_rank every first_value greatest initcap json_agg json_build_array json_build_object jsonb_agg
  jsonb_build_array jsonb_build_object json_object_agg jsonb_object_agg lag last_value lead least left length lower
  lpad ltrim max md5 min nth_value ntile num_nonnulls num_nulls octet_length percent_rank quote_ident
  quote_literal quote_nullable rank replace reverse right row_number row_to_json rpad rtrim sha224 sha256 sha384
  sha512 split_part starts_with stddev stddev_pop stddev_samp string_agg strpos substr sum to_json to_jsonb
  translate trim upper var_pop var_samp variance xmlagg
`)

/** Of these total functions the arguments, by their positions, of which some values are errors: lengths, numbers, keys. */
export const FAILS_BY: ReadonlyMap<string, (position: number) => boolean> = new Map<
  string,
  (position: number) => boolean
>([
  ['json_build_object', position => position % 2 === 0],
  ['json_object_agg', position => position === 0],
  ['jsonb_build_object', position => position % 2 === 0],
  ['jsonb_object_agg', position => position === 0],
  ['lpad', position => position === 1],
  ['nth_value', position => position === 1],
  ['ntile', () => true],
  ['rpad', position => position === 1],
  ['split_part', position => position === 2],
  ['substr', position => position > 0],
])

/** Functions whose result may be far larger than what they are given. */
const GROWS: ReadonlySet<string> = words('lpad rpad')

/** Whether an expression could take so long that a client notices: it has a query, or a function that is not known to be quick. */
export function takesTime(expression: unknown): boolean {
  const open: unknown[] = [expression]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const { SubLink: query, FuncCall: call } = value as { SubLink?: object; FuncCall?: { funcname?: Node[] } }
    const name = namesOf(call?.funcname).at(-1)
    const isQuick = name === undefined || (TOTAL_FUNCTIONS.has(name) && !GROWS.has(name))
    if (query !== undefined || !isQuick) return true
    open.push(...Object.values(value))
  }
  return false
}

/** Operators that take every value of their types without an error. */
export const TOTAL_OPERATORS: ReadonlySet<string> = words('= <> != < > <= >= || IS -> ->> #> #>>')

/** Types to which every text and number can be cast. */
export const TOTAL_CASTS: ReadonlySet<string> = words('text varchar bpchar')

/** Volatile functions of the server's own whose effect is nothing but their result, or a lock of the session. */
export const HARMLESS_VOLATILE: ReadonlySet<string> = words(`
  clock_timestamp currval gen_random_uuid lastval pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock
  pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_available_extension_versions pg_available_extensions pg_blocking_pids pg_control_checkpoint pg_control_init
  pg_control_recovery pg_control_system pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
  pg_current_xact_id pg_current_xact_id_if_assigned pg_database_collation_actual_version pg_database_size
  pg_get_backend_memory_contexts pg_get_shmem_allocations pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused
  pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_partition_ancestors
  pg_partition_root pg_partition_tree pg_prepared_xact pg_sequence_last_value pg_collation_actual_version
  pg_notification_queue_usage pg_jit_available pg_xact_status txid_status pg_isolation_test_session_is_blocked
  pg_get_wal_replay_pause_state pg_last_committed_xact pg_show_replication_origin_status
  pg_relation_size pg_safe_snapshot_blocking_pids pg_stat_clear_snapshot pg_stat_get_xact_blocks_fetched
  pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
  pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
  pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
  pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated
  pg_table_size pg_tablespace_size pg_timezone_names pg_total_relation_size pg_try_advisory_lock
  pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
  pg_xact_commit_timestamp random random_normal statement_timestamp timeofday txid_current
  txid_current_if_assigned uuidv4 uuidv7
`)

/** Volatile functions of the server's own that have an effect, and whose result holds nothing of any table. */
export const TELLS_NOTHING: ReadonlySet<string> = words(`
  lo_close lo_creat lo_create lo_export lo_from_bytea lo_import lo_lseek lo_lseek64 lo_open lo_put lo_tell
  lo_tell64 lo_truncate lo_truncate64 lo_unlink lowrite nextval pg_cancel_backend pg_export_snapshot
  pg_logical_emit_message pg_notify pg_reload_conf pg_rotate_logfile pg_sleep pg_sleep_for pg_sleep_until
  pg_stat_force_next_flush pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_table_counters pg_switch_wal
  pg_terminate_backend set_config setseed setval
`)

/** Functions of the server's own that are told to be stable, and read what a text or a number names. */
export const READS_BY_NAME: ReadonlySet<string> = words(`
  cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xml_and_xmlschema database_to_xmlschema
  pg_get_object_address pg_read_binary_file pg_read_file pg_stat_file pg_ls_dir query_to_xml
  pg_stat_get_activity pg_stat_get_backend_activity
  query_to_xml_and_xmlschema query_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
  table_to_xml table_to_xml_and_xmlschema table_to_xmlschema ts_rewrite ts_stat lo_get loread lo_export
`)

/** Languages of functions that the server brings; whoever adds one to its schema has written it in another. */
export const OWN_LANGUAGES: ReadonlySet<string> = words('internal c sql')

/** Tables of the server's own that hold values of other tables, and in which columns. */
export const HOLDS_VALUES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['pg_attribute', words('attmissingval')],
  ['pg_largeobject', words('data')],
  ['pg_statistic', words('stavalues1 stavalues2 stavalues3 stavalues4 stavalues5')],
  ['pg_statistic_ext_data', words('stxdmcv stxdexpr')],
])

/**
 * Views of the server's own on functions that hold texts of other sessions: which columns do. The others are numbers, names
 * and times.
 */
export const HOLDS_TEXTS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['pg_stat_activity', words('query')],
  ['pg_stat_gssapi', words('')],
  ['pg_stat_replication', words('')],
  ['pg_stat_ssl', words('')],
])
