/** A family of queries over one column, by what stands in their list and what behind FROM. */

/** What stands in a column that is to be masked. */
export const CANARY: string = '078-05-1120'
/** Tables, views and functions with that column in them. */
export const SCHEMA: string = `
  create table users (id int primary key, name text, ssn text, boss int);
  insert into users values (1, 'ann', '${CANARY}', null), (2, 'bob', '${CANARY}', 1);
  create table orders (id int primary key, user_id int, note text);
  insert into orders values (1, 1, 'first'), (2, 2, 'second');
  create view people as select id, upper(name) as label, ssn as secret from users;
  create view bosses as select p.secret as hidden, b.label from people p join people b on b.id = p.id;
  create materialized view frozen as select id, ssn from users;
  create table parts (id int, ssn text) partition by range (id);
  create table parts_1 partition of parts for values from (0) to (10);
  insert into parts values (1, '${CANARY}');
  create function peek(int) returns text language sql stable as 'select ssn from users where id = $1';
  create type pair as (a int, b text);
`

/** Expressions over the column `c` of a range `u`. */
export const EXPRESSIONS: readonly string[] = [
  'u.c',
  'upper(u.c)',
  "u.c || '!'",
  "coalesce(u.c, 'none')",
  'u.c::varchar',
  "nullif(u.c, '')",
  'case when true then u.c end',
  'array[u.c]',
  'row(u.id, u.c)::text',
  'row_to_json(u)',
  'to_jsonb(u)',
  'u',
  'u::text',
  "json_build_object('k', u.c)",
  "concat('a', u.c)",
  'substr(u.c, 1, 20)',
  'reverse(reverse(u.c))',
  "format('%s', u.c)",
  'greatest(u.c, u.c)',
  '(select u.c)',
  '(array[u.c])[1]',
  'array_to_string(array[u.c, u.c], $$,$$)',
  "regexp_replace(u.c, 'x', 'y')",
  'quote_literal(u.c)',
  'c(u)',
  '(u).c',
  "translate(u.c, 'q', 'z')",
  'xmlelement(name x, u.c)::text',
  'max(u.c) over ()',
  'lag(u.c, 0) over (order by u.id)',
  'first_value(u.c) over (order by u.id)',
  "(json_build_object('k', u.c)->>'k')",
  'overlay(u.c placing $$$$ from 1 for 0)',
  "encode(convert_to(u.c, 'UTF8'), 'escape')",
  '(with w as (select u.c as x) select x from w)',
  '(select max(z.c) from (values (u.c)) z(c))',
  'exists(select 1)::text || u.c',
  "string_agg(u.c, ',') over ()",
  'u.*',
  '*',
]

/** What stands behind FROM, with a range `u` that has an `id`, and the secret as `c`. */
export const SOURCES: readonly string[] = [
  '(select id, ssn as c from users) u',
  '(select id, ssn from users) u(id, c)',
  '(select id, secret as c from people) u',
  '(select 1 as id, hidden as c from bosses) u',
  '(select id, ssn c from frozen) u',
  '(select id, ssn c from parts) u',
  '(select id, ssn c from users union all select id, note from orders) u',
  '(select o.id, x.ssn c from orders o join users x on x.id = o.user_id) u',
  '(select o.id, x.c from orders o, lateral (select ssn c from users where users.id = o.user_id) x) u',
  '(select id, c from (select id, ssn c from users) i) u',
  '(select id, (select ssn from users y where y.id = users.id) c from users) u',
  '(select * from (values (1, (select min(ssn) from users))) v(id, c)) u',
  '(select id, max(ssn) c from users group by id) u',
  "(select id, string_agg(ssn, '') c from users group by id) u",
  '(select id, v as c from users, unnest(array[ssn]) v) u',
  "(select id, value as c from users, json_each_text(row_to_json(users)) where key = 'ssn') u",
  '(select 1 id, peek(1) c) u',
  '(select i.id, i.c from (select id, ssn c from users) i natural join (select id from orders) j) u',
  '(with w as (select id, ssn from users) select id, ssn c from w) u',
  '(with w(id, c) as (select id, ssn from users) table w) u',
  '(with recursive r(id, c) as (select id, ssn from users union all select id + 10, c from r where id < 5) select * from r) u',
  '(select id, coalesce(ssn, name) c from users) u',
  '(select (q).a id, (q).b c from (select row(id, ssn)::pair q from users) s) u',
  '(select distinct id, ssn c from users) u',
  '(select id, ssn c from users order by id limit 1) u',
  '(select id, ssn c from only users) u',
  "(select j.id, j.c from users, json_to_recordset(json_build_array(json_build_object('id', users.id, 'c', ssn))) as j(id int, c text)) u",
  '(select id, ssn c from users tablesample system (100)) u',
  '(select a.id, b.ssn c from users a left join users b using (id)) u',
]
