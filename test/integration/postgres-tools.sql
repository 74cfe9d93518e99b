-- Django: tables
SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END,
       obj_description(c.oid, 'pg_class')
  FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
   AND pg_catalog.pg_table_is_visible(c.oid);

-- Django: columns
SELECT a.attname AS column_name, NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable,
       pg_get_expr(ad.adbin, ad.adrelid) AS column_default,
       CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation,
       a.attidentity != '' AS is_autofield, col_description(a.attrelid, a.attnum) AS column_comment
  FROM pg_attribute a
  LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
  LEFT JOIN pg_collation co ON a.attcollation = co.oid
  JOIN pg_type t ON a.atttypid = t.oid
  JOIN pg_class c ON a.attrelid = c.oid
  JOIN pg_namespace n ON c.relnamespace = n.oid
 WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND c.relname = 'people'
   AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid);

-- Django: constraints
SELECT c.conname,
       array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx)
               JOIN pg_attribute AS ca ON cols.colid = ca.attnum
              WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx),
       c.contype,
       (SELECT fkc.relname || '.' || fka.attname FROM pg_attribute AS fka
          JOIN pg_class AS fkc ON fka.attrelid = fkc.oid
         WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]),
       cl.reloptions
  FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid
 WHERE cl.relname = 'ledger' AND pg_catalog.pg_table_is_visible(cl.oid);

-- Django: indexes
SELECT indexname, array_agg(attname ORDER BY arridx), indisunique, indisprimary,
       array_agg(ordering ORDER BY arridx), amname, exprdef, s2.attoptions
  FROM (SELECT c2.relname as indexname, idx.*, attr.attname, am.amname,
               CASE WHEN idx.indexprs IS NOT NULL THEN pg_get_indexdef(idx.indexrelid) END AS exprdef,
               CASE am.amname WHEN 'btree' THEN CASE (option & 1) WHEN 1 THEN 'DESC' ELSE 'ASC' END END as ordering,
               c2.reloptions as attoptions
          FROM (SELECT * FROM pg_index i, unnest(i.indkey, i.indoption) WITH ORDINALITY koi(key, option, arridx)) idx
          LEFT JOIN pg_class c ON idx.indrelid = c.oid
          LEFT JOIN pg_class c2 ON idx.indexrelid = c2.oid
          LEFT JOIN pg_am am ON c2.relam = am.oid
          LEFT JOIN pg_attribute attr ON attr.attrelid = c.oid AND attr.attnum = idx.key
         WHERE c.relname = 'people' AND pg_catalog.pg_table_is_visible(c.oid)) s2
 GROUP BY indexname, indisunique, indisprimary, amname, exprdef, attoptions;

-- Rails: types
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype
  FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid
 WHERE t.typname IN ('int2', 'int4', 'text', 'jsonb') OR t.typtype IN ('r', 'e', 'd')
    OR t.typinput = 'array_in(cstring,oid,integer)'::regprocedure OR t.typelem != 0;

-- Rails: columns
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull,
       a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment,
       attidentity AS identity, attgenerated as attgenerated
  FROM pg_attribute a
  LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_type t ON a.atttypid = t.oid
  LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
 WHERE a.attrelid = '"people"'::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum;

-- Rails: primary keys
SELECT a.attname
  FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index
         WHERE indrelid = '"people"'::regclass AND indisprimary) i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx]
 ORDER BY i.idx;

-- Prisma: tables
SELECT tbl.relname AS table_name, namespace.nspname as namespace,
       (tbl.relhassubclass and tbl.relkind = 'p') as is_partition, tbl.relrowsecurity AS has_row_level_security,
       reloptions, obj_description(tbl.oid, 'pg_class') as description
  FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace
 WHERE ((tbl.relkind = 'r' AND tbl.relispartition = 'f') OR tbl.relkind = 'p')
   AND namespace.nspname = ANY ('{public}')
 ORDER BY namespace, table_name;

-- Prisma: columns
SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) as formatted_type,
       info.numeric_precision, info.data_type, info.udt_name as full_data_type,
       pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, info.is_identity
  FROM information_schema.columns info
  JOIN pg_attribute att ON att.attname = info.column_name
  JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname as namespace FROM pg_class
          JOIN pg_namespace on pg_namespace.oid = pg_class.relnamespace
           AND pg_namespace.nspname = ANY ('{public}')
         WHERE reltype > 0) as oid
    on oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
  LEFT OUTER JOIN pg_attrdef attdef
    ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum AND table_schema = namespace
 WHERE table_schema = ANY ('{public}')
 ORDER BY namespace, table_name, ordinal_position;

-- Hibernate and pgjdbc: tables
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME,
       CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'
         WHEN true THEN CASE WHEN n.nspname = 'pg_catalog' OR n.nspname = 'information_schema'
           THEN CASE c.relkind WHEN 'r' THEN 'SYSTEM TABLE' WHEN 'v' THEN 'SYSTEM VIEW' ELSE NULL END END
         WHEN false THEN CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' ELSE NULL END
         ELSE NULL END AS TABLE_TYPE,
       d.description AS REMARKS, '' as TYPE_CAT, '' as TYPE_SCHEM, '' as TYPE_NAME
  FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
  LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 and d.classoid = 'pg_class'::regclass)
 WHERE c.relnamespace = n.oid AND n.nspname LIKE 'public'
 ORDER BY TABLE_TYPE, TABLE_SCHEM, TABLE_NAME;

-- pgjdbc: columns
SELECT * FROM (
  SELECT current_database() AS current_database, n.nspname, c.relname, a.attname, a.atttypid,
         a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull, a.atttypmod, a.attlen, t.typtypmod,
         row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum,
         nullif(a.attidentity, '') as attidentity, nullif(a.attgenerated, '') as attgenerated,
         pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description, t.typbasetype, t.typtype
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)
    JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid)
    JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)
    LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum)
    LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
   WHERE c.relkind in ('r', 'p', 'v', 'f', 'm') and a.attnum > 0 AND NOT a.attisdropped AND n.nspname LIKE 'public') c
 WHERE true ORDER BY nspname, c.relname, attnum;

-- pgjdbc: primary keys
SELECT NULL AS TABLE_CAT, result.TABLE_SCHEM, result.TABLE_NAME, result.COLUMN_NAME, result.KEY_SEQ, result.PK_NAME
  FROM (SELECT n.nspname AS TABLE_SCHEM, ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME,
               (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME,
               information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM
          FROM pg_catalog.pg_class ct
          JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid)
          JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)
          JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid)
          JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid)
         WHERE true AND ct.relname = 'people' AND i.indisprimary) result
 where result.A_ATTNUM = (result.KEYS).x
 ORDER BY result.table_name, result.pk_name, result.key_seq;

-- DBeaver: databases
SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate;

-- DBeaver: tables
SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr,
       pg_catalog.pg_get_partkeydef(c.oid) as partition_key
  FROM pg_catalog.pg_class c
  LEFT OUTER JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind not in ('i', 'I', 'c');

-- DBeaver: session
SELECT sa.pid, sa.usename, sa.state, sa.query FROM pg_catalog.pg_stat_activity sa WHERE sa.pid = pg_backend_pid();

-- pgAdmin: dashboard
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data
  FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity) AS "Total",
               (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active') AS "Active",
               (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'idle') AS "Idle") t
 UNION ALL
SELECT 'tps_stats', pg_catalog.row_to_json(t)
  FROM (SELECT (SELECT sum(xact_commit) + sum(xact_rollback) FROM pg_catalog.pg_stat_database) AS "Transactions") t;

-- pgAdmin: locks
SELECT pid, locktype, datname, relation::regclass, page, tuple, virtualxid, transactionid, classid::regclass, objid,
       objsubid, virtualtransaction, mode, granted, fastpath
  FROM pg_catalog.pg_locks l LEFT OUTER JOIN pg_catalog.pg_database d ON (l.database = d.oid) where pid = 0;

-- SQLAlchemy: tables
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class
  JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace
 WHERE pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p']) AND pg_catalog.pg_class.relpersistence != 't'
   AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog';

-- TypeORM: tables
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = 'public' AND "table_name" = 'people';

-- Sequelize: version and settings
SELECT current_setting('server_version'), version(), current_schema(), current_user, pg_backend_pid() > 0;

-- Flyway: whether a table is there
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relname = 'flyway_schema_history' AND c.relkind = 'r');

-- monitoring: sizes of tables
SELECT schemaname, relname, n_live_tup, pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables
 ORDER BY pg_total_relation_size(relid) DESC
