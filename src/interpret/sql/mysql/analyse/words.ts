/** What is known of MySQL's words and functions. */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Reserved words that give a query its form: without quotes, they are never names. */
export const RESERVED: ReadonlySet<string> = words(`
  ALL AND AS ASC BETWEEN BINARY BY CASE COLLATE CROSS DELAYED DELETE DESC DISTINCT DISTINCTROW DIV DUAL ELSE EXCEPT EXISTS
  FALSE FOR FORCE FROM GROUP HAVING HIGH_PRIORITY IGNORE IN INNER INSERT INTERVAL INTO IS JOIN KEY LATERAL LEFT LIKE LIMIT
  LOCK LOW_PRIORITY MATCH NATURAL NOT NULL ON OR ORDER OUTER OVER PARTITION PROCEDURE REGEXP REPLACE RIGHT RLIKE
  SELECT SET SQL_BIG_RESULT SQL_CALC_FOUND_ROWS SQL_SMALL_RESULT STRAIGHT_JOIN TABLE THEN TRUE UNION UPDATE USE USING
  VALUES WHEN WHERE WINDOW WITH XOR
`)

/** Words that may stand in a query without being names. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...RESERVED,
  ...words(`
  AGAINST ANY ARRAY BOOLEAN BOTH CAST CEIL CEILING CHAR CHARACTER CHARSET COLUMNS CONVERT CURRENT DATE DATETIME DAY DAY_HOUR
  DAY_MICROSECOND DAY_MINUTE DAY_SECOND DECIMAL DOUBLE DUPLICATE EMPTY END ERROR ESCAPE EXPANSION EXTRACT FLOAT FLOOR FOLLOWING HOUR
  HOUR_MICROSECOND HOUR_MINUTE HOUR_SECOND INDEX INT INTEGER INTERSECT JSON JSON_TABLE LANGUAGE LEADING LOCKED MICROSECOND
  MID MINUTE MINUTE_MICROSECOND MINUTE_SECOND MOD MODE MONTH NATURAL NESTED NOWAIT OF OFFSET ORDINALITY PATH POSITION PRECEDING
  QUARTER QUERY RANGE REAL RECURSIVE RETURNING ROW ROWS SECOND SECOND_MICROSECOND SEPARATOR SHARE SIGNED SKIP SOME
  SQL_BUFFER_RESULT SQL_NO_CACHE SUBSTR SUBSTRING TIME TIMESTAMP TRAILING TRIM UNBOUNDED UNSIGNED VALUE VARCHAR WEEK YEAR
  YEAR_MONTH
  `),
])

/** Units of time, where a function wants one. */
export const UNITS: ReadonlySet<string> = words(
  'MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR DATE TIME DATETIME TIMESTAMP',
)

/**
 * Functions that take texts of every form without an error or a warning (SHOW WARNINGS quotes the values that a conversion
 * did not like) and have no effect. Only through these may a masked column pass to a result, which is masked then.
 */
export const TOTAL: ReadonlySet<string> = words(`
  any_value ascii bit_length char_length character_length coalesce concat concat_ws count first_value group_concat hex ifnull
  json_array json_arrayagg json_quote last_value lcase length lower ltrim max md5 min octet_length ord quote replace
  reverse row rtrim sha sha1 to_base64 trim ucase upper values value
`)

/** The same, but only for what they are given first: the others are numbers. */
export const TOTAL_IN_FIRST: ReadonlySet<string> = words(
  'lag lead left lpad mid nth_value repeat right rpad sha2 substr substring substring_index',
)

/** Functions that read what they are given, or nothing that is anybody's, and change nothing. */
export const PURE: ReadonlySet<string> = new Set([
  ...TOTAL,
  ...TOTAL_IN_FIRST,
  ...words(`
  abs acos adddate addtime aes_decrypt aes_encrypt asin atan atan2 avg bin bin_to_uuid bit_and bit_count bit_or bit_xor ceil
  ceiling char charset coercibility collation compress connection_id conv convert_tz cos cot crc32 cume_dist curdate
  current_date current_role current_time current_timestamp current_user curtime database date date_add date_format date_sub
  datediff day dayname dayofmonth dayofweek dayofyear default degrees dense_rank elt exp export_set extractvalue field
  find_in_set floor format format_bytes found_rows from_base64 from_days from_unixtime get_format greatest grouping hour
  if inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval is_ipv4 is_ipv6 is_uuid isnull json_contains
  json_contains_path json_depth json_extract json_insert json_keys json_length json_merge json_merge_patch json_merge_preserve
  json_object json_objectagg json_overlaps json_pretty json_remove json_replace json_schema_valid json_search json_set
  json_storage_size json_type json_unquote json_valid json_value json_exists json_query last_day last_insert_id least ln
  localtime localtimestamp locate log log10 log2 make_set makedate maketime microsecond minute mod month monthname
  name_const now ntile nullif nvl nvl2 oct percent_rank period_add period_diff pi position pow power quarter
  radians rand random_bytes rank regexp_instr regexp_like regexp_replace regexp_substr round row_count row_number schema
  sec_to_time second session_user sign sin soundex space sqrt std stddev stddev_pop stddev_samp str_to_date strcmp
  subdate subtime sum sysdate system_user tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff
  to_days to_seconds truncate uncompress uncompressed_length unhex unix_timestamp updatexml user utc_date utc_time
  utc_timestamp uuid uuid_short uuid_to_bin validate_password_strength var_pop var_samp variance version week weekday
  weekofyear weight_string year yearweek
  `),
])

/** Functions of the server's own that do more than answer; each asks `sql:Call`. */
export const EFFECTS: ReadonlySet<string> = words(`
  benchmark get_lock is_free_lock is_used_lock load_file master_pos_wait master_gtid_wait release_all_locks release_lock sleep
  source_pos_wait wait_for_executed_gtid_set
`)

/** Whether what is called is the server's own: it changes nothing of a session. Procedures may be in its database, too. */
export function isNative({ schema, name }: { readonly schema?: string; readonly name: string }): boolean {
  return schema === 'mysql' && EFFECTS.has(name)
}

/** Tables of information_schema that tell of names and types, never of values of a column. */
export const NAMES_ONLY: ReadonlySet<string> = words(`
  character_sets check_constraints collation_character_set_applicability collations columns engines events files
  key_column_usage keywords parameters partitions plugins referential_constraints routines schemata statistics
  st_geometry_columns table_constraints tables tablespaces triggers user_privileges view_table_usage views
  schema_privileges table_privileges column_privileges applicable_roles enabled_roles
`)
