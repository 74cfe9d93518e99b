/**
 * Statements of all kinds, for comparing what two servers say to them: a few thousand, the same each time, and none whose
 * answer is another in another run. Many of them fail, as they should.
 */
export function statements(): readonly string[] {
  return [...values(), ...casts(), ...tables(), ...sessions(), ...failures()]
}

/** Types of the server, each with literals that it takes; the last of each it does not. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  bool: ["'t'", "'off'", 'null', "'maybe'"],
  int2: ["'-32768'", "'0'", "'32767'", "'40000'"],
  int4: ["'-2147483648'", "'17'", "'2147483647'", "'x'"],
  int8: ["'-9223372036854775808'", "'9007199254740993'", "'1e3'"],
  numeric: ["'0.1'", "'-123456789012345678901234567890.5'", "'NaN'", "'Infinity'", "'1_0x'"],
  float4: ["'1.5'", "'-Infinity'", "'1e-40'", "'1e99'"],
  float8: ["'3.141592653589793'", "'NaN'", "'1e-320'", "'pi'"],
  text: ["''", "'grüße 🎈'", "e'tab\\tnew\\nline'", "U&'\\00e9'", "$q$it's$q$"],
  varchar: ["'abc'", "'  spaces  '", 'null'],
  'char(3)': ["'a'", "'abc'", "'abcd'"],
  name: ["'pg_class'", "repeat('n', 70)", 'null'],
  bytea: ["'\\x00ff10'", "'abc'", "'\\xzz'"],
  date: ["'2026-02-28'", "'4713-01-01 BC'", "'infinity'", "'2026-02-30'"],
  time: ["'04:05:06.789'", "'24:00'", "'25:00'"],
  timetz: ["'04:05:06+03'", "'23:59:59-11'", "'noon+'"],
  timestamp: ["'2026-11-23 18:00'", "'epoch'", "'-infinity'", "'yesterdayish'"],
  timestamptz: ["'2026-11-23 18:00+01'", "'epoch'", "'2026-11-23 18:00 Nowhere/Land'"],
  interval: ["'1 year 2 mons 3 days 04:05:06'", "'-1 day'", "'P1Y2M'", "'a while'"],
  uuid: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'A0EEBC999C0B4EF8BB6D6BB9BD380A11'", "'a0'"],
  json: ['\'{"a": [1, 2.50, null]}\'', '\'"x"\'', "'{a: 1}'"],
  jsonb: ['\'{"b": 1, "a": {"c": true}}\'', "'[]'", "'[1,]'"],
  xml: ['\'<a b="c">d</a>\'', "'<a>'"],
  inet: ["'192.168.1.5/24'", "'::1'", "'300.1.1.1'"],
  cidr: ["'10.0.0.0/8'", "'2001:db8::/32'", "'10.0.0.1/8'"],
  macaddr: ["'08:00:2b:01:02:03'", "'08002b010203'", "'zz'"],
  'bit(4)': ["B'1010'", "X'F'", "B'10'"],
  varbit: ["B'101'", "B''", "'102'"],
  point: ["'(1,2)'", "'1.5 , -2'", "'(1)'"],
  box: ["'((0,0),(1,1))'", "'(1,2),(3,4)'", "'x'"],
  path: ["'((0,0),(1,1),(2,0))'", "'[(0,0),(1,1)]'", "'[]'"],
  circle: ["'<(0,0),2>'", "'((1,1),3)'", "'<(0,0),-1>'"],
  int4range: ["'[1,10)'", "'empty'", "'(,5]'", "'[5,1]'"],
  tstzrange: ["'[2026-01-01 00:00+00,2026-02-01 00:00+00)'", "'(,)'", "'[x,y]'"],
  int4multirange: ["'{[1,3),[5,7)}'", "'{}'", "'[1,3)'"],
  tsvector: ["'a fat cat'", "'a:1A b:2,3'", "''''"],
  tsquery: ["'fat & cat'", "'!a | b:*'", "'& a'"],
  'int4[]': ["'{1,2,NULL}'", "'{{1,2},{3,4}}'", "'[0:1]={1,2}'", "'{1,{2}}'"],
  'text[]': ['\'{a,"b c","","d\\\\"e"}\'', "'{}'", "'{\"'"],
  oid: ["'1'", "'4294967295'", "'-1x'"],
  regclass: ["'pg_class'", "'1259'", "'nothing_here'"],
  regtype: ["'int4'", "'varchar(3)'", "'nothing_here'"],
  money: ["'12.34'", "'-$1,000.50'", "'12x'"],
  pg_lsn: ["'16/B374D848'", "'0/0'", "'G/0'"],
}
const NAMES = Object.keys(TYPES)

function values(): string[] {
  return Object.entries(TYPES).flatMap(([type, literals]) =>
    literals.flatMap(literal => [
      `select ${literal}::${type} as v;`,
      `select cast(${literal} as ${type})::text, pg_typeof(${literal}::${type});`,
      `select array[${literal}, null]::${base(type)}[];`,
      `select row(${literal}::${type}, 1), to_json(${literal}::${type}), to_jsonb(${literal}::${type});`,
      `select quote_nullable(${literal}::${type}::text), length(${literal}::${type}::text), md5(${literal}::${type}::text);`,
      `select ${literal}::${type} = ${literal}::${type}, ${literal}::${type} < ${literals[0]}::${type};`,
      `select coalesce(null, ${literal}::${type}), nullif(${literal}::${type}, ${literal}::${type}) is null;`,
      `select min(v), max(v), count(distinct v) from (values (${literal}::${type}), (${literals[0]}::${type})) as s (v);`,
      `select v, row_number() over (order by v) from (values (${literal}::${type}), (null)) as s (v) order by 1;`,
      `prepare p as select $1::${type} as v, $1::${type} is null as n; execute p(${literal}); deallocate p;`,
    ]),
  )
}

function base(type: string): string {
  return type.endsWith('[]') ? type.slice(0, -2) : type
}

function casts(): string[] {
  return NAMES.flatMap(from => NAMES.map(to => `select (${TYPES[from]?.[0]}::${from})::${to};`))
}

function tables(): string[] {
  const perType = NAMES.flatMap((type, i) => {
    const [first, second = first] = TYPES[type] ?? []
    return [
      `create table t${i} (id int generated always as identity primary key, v ${type}, at int default ${i}, check (id < 100));`,
      `insert into t${i} (v) values (${first}), (${second}) returning *;`,
      `update t${i} set v = ${second}, at = at + 1 where id = 1 returning v, at;`,
      `select * from t${i} order by id;`,
      `create view v${i} as select v as w, count(*) over () from t${i}; select * from v${i};`,
      `\\copy t${i} to stdout`,
      `copy (select v from t${i} order by id) to stdout (format csv, header);`,
      `explain (costs off) select * from t${i} where id = 1;`,
      `alter table t${i} add column more text default 'x'; select more from t${i};`,
      `begin; delete from t${i}; select count(*) from t${i}; rollback; select count(*) from t${i};`,
      `merge into t${i} using (values (1)) as s (k) on id = k when matched then update set at = -1 when not matched then do nothing;`,
      `\\d t${i}`,
      `drop table t${i};`,
      `drop table t${i} cascade;`,
    ]
  })
  return perType
}

function sessions(): string[] {
  return [
    'create schema s; set search_path to s, public; create table u (a int primary key, b text); \\d u',
    'copy u from stdin;\n1\tone\n2\t\\N\n3\ta\\tb\n\\.',
    'copy u from stdin (format csv);\n4,"x,\ny"\nfive,z\n\\.',
    'select * from u order by a;',
    "insert into u values (1, 'again') on conflict (a) do update set b = excluded.b returning *;",
    'begin; declare c scroll cursor for select a from u order by a; fetch 2 from c; fetch backward 1 from c; move last in c; fetch prior from c; close c; commit;',
    'begin; declare h cursor with hold for select a from u order by a; commit; fetch all from h; close h; fetch 1 from h;',
    "create function f(int) returns setof u language sql as 'select * from s.u where a <= $1 order by a'; select * from f(2); select f(1);",
    "create function g() returns text language plpgsql as $$ begin raise notice 'said % %', 1, 'two'; raise warning 'and warned'; return 'x'; end $$; select g();",
    "do $$ declare i int; begin for i in 1..3 loop raise info '%', i; end loop; end $$;",
    "create function tr() returns trigger language plpgsql as $$ begin new.b := upper(new.b); return new; end $$; create trigger t before insert on u for each row execute function tr(); insert into u values (9, 'nine') returning b;",
    'create procedure pr(inout n int) language plpgsql as $$ begin n := n * 2; end $$; call pr(21);',
    'begin; savepoint a; insert into u values (1); rollback to a; insert into u values (50); release a; commit; select count(*) from u;',
    'begin; select 1 / 0; select 2; commit; select 3;',
    'begin; create temp table tt (x int) on commit drop; insert into tt values (1); select * from tt; commit; select * from tt;',
    "listen c; unlisten c; notify c, 'hello';",
    'with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n, n * n from r;',
    'with gone as (delete from u where a = 3 returning *) select * from gone; select count(*) from u;',
    'select * from generate_series(1, 3) with ordinality; select * from unnest(array[1, 2], array[3]) as x(a, b);',
    'select a, b, grouping(a) from (values (1, 2), (1, 3)) as v (a, b) group by rollup (a, b) order by 1, 2;',
    'select; select 1 as a, 2 as a; select null; select 1 where false; values (1), (2);',
    ';;; select 1;; select 2;',
    'select 1 \\; select 2 \\; insert into u values (60) returning a \\; select 3;',
    'select 1 \\; select 1 / 0 \\; select 2;',
    "set timezone to 'Europe/Vienna'; select timestamptz '2026-07-01 00:00+00'; reset timezone; show timezone;",
    "set local work_mem to '8MB'; show work_mem; set datestyle to 'German'; select date '2026-02-01'; reset all;",
    "select set_config('application_name', 'other', false); show application_name;",
    'set role nobody_here; set session authorization default; show role;',
    'lock table s.u; begin; lock table s.u in share mode; commit;',
    "create type mood as enum ('sad', 'ok'); select 'ok'::mood, 'glad'::mood; alter type mood add value 'glad'; select 'glad'::mood;",
    "create domain pos as int check (value > 0); select 1::pos; select -1::pos; create type pair as (x int, y text); select (1, 'z')::pair, ((1, 'z')::pair).y;",
    "create sequence q start 5 increment 5; select nextval('q'), currval('q'), lastval(); select setval('q', 50); select nextval('q');",
    "comment on table u is 'about'; select obj_description('s.u'::regclass); analyze u; vacuum u; reindex table u;",
    'create index on u (b); create unique index uq on u (lower(b)); drop index uq; explain (costs off) select * from u order by b;',
    "prepare one(int) as select a from u where a = $1; execute one(1); execute one('x'); execute two; deallocate one; execute one(1);",
    'select pg_advisory_lock(7); select pg_advisory_unlock(7); select pg_advisory_unlock(8);',
    'drop schema s cascade; select * from u; set search_path to public;',
    '\\set n 3\nselect :n, :\'n\', :"n" from (select 1 as "3") as x;\n\\gset\nselect 1 as one \\gset\n\\echo :one',
    'select 1 as a, 2 as b \\gx',
    'select generate_series(1, 3) as g \\crosstabview',
    '\\dn\n\\df nothing*\n\\dT mood\n\\dD\n\\ds',
    'drop type mood; drop domain pos; drop type pair; drop sequence q;',
    'discard temp; discard plans; discard sequences; discard all;',
  ]
}

function failures(): string[] {
  const broken = [
    'selec 1;',
    'select * frm x;',
    "select 'it''s;",
    "';",
    'select (1;',
    ');',
    'select 1 +;',
    'select no_column from pg_class limit 1;',
    'select * from no_table;',
    'select no_function(1);',
    'select 1::no_type;',
    "select 'a' + 1;",
    "select repeat('x', -1), repeat('ab', 3), repeat('y', 70000);",
    'select 1/0;',
    'select sqrt(-1);',
    'select array[1,2][3], (array[1,2])[1:1];',
    'insert into pg_class values (1);',
    'create table pg_catalog.mine (a int);',
    'drop table no_table; drop table if exists no_table;',
    'create table dup (a int, a int);',
    'select 1 limit -1;',
    "select to_date('2026-13-01', 'YYYY-MM-DD');",
    "select 'x' ~ '(';",
    'commit; rollback; savepoint x; release x;',
    'begin; begin; commit; commit;',
    'declare c cursor for select 1; fetch c; close c;',
    'prepare bad as selec; execute bad;',
    "do $$ begin raise exception 'mine' using errcode = 'P0042', detail = 'd', hint = 'h'; end $$;",
    'do language nothing $$ x $$;',
    'explain selec;',
    "set no_such_setting to 1; set statement_timeout to 'x'; show no_such_setting;",
    'copy no_table from stdin;\n1\n\\.',
    'grant select on no_table to public; create role; alter table no_table add a int;',
    'select * from (values (1)) as v (a) join (values (1)) as w (a) using (b);',
    'select count(*) from pg_class group by no_column;',
    'select a from (select 1 as a) as x, (select 1 as a) as y;',
    "select e'\\xff';",
    'select $1;',
    'execute nothing(1);',
    "select xmlparse(document '<a');",
  ]
  // In each state of a transaction.
  return broken.flatMap(sql => [
    sql,
    `begin;\n${sql}\nselect 1;\nrollback;`,
    `begin;\nsavepoint s;\n${sql}\nrollback to s;\nselect 2;\ncommit;`,
  ])
}
