-- What the evasions of this folder are tried on; `gate` is the server's administrator.
create extension if not exists plpgsql;
create table people (id int primary key, name text, ssn text unique, salary int, born date, data jsonb);
insert into people
  select i, 'person ' || i, 'c4n4ry-' || i, 918273645, date '1970-01-01' + i, jsonb_build_object('n', i)
    from generate_series(1, 20) i;
create table secrets (word text);
insert into secrets values ('c4n4ry-word');
create table ledger (id int primary key, what text);
insert into ledger values (1, 'as it was');
create table notes (id int, note text);
insert into notes values (1, 'first'), (2, 'second');
create view people_view as select id, ssn as hidden from people;
create view ledger_view as select id, what from ledger;
create view ledger_rule as select 1 as x;
create rule ledger_rule_insert as on insert to ledger_rule do instead insert into ledger values (new.x, 'by a rule');
create materialized view people_frozen as select id, ssn from people;
create function peek() returns text language sql stable as 'select ssn from public.people limit 1';
create function peek_all() returns setof people language sql stable as 'select * from public.people';
create function tell(text) returns text language plpgsql volatile as
  $$ begin raise notice 'told: %', $1; return $1; end $$;
create function write_down(text) returns int language sql volatile as
  'insert into public.notes values (9, $1) returning 1';
create function same(text) returns text language sql immutable as 'select $1';
create function open_people() returns refcursor language plpgsql as
  $$ declare c refcursor := 'people_cursor'; begin open c for select ssn from public.people; return c; end $$;
create procedure change_ledger() language sql as $$ update public.ledger set what = 'changed' $$;
create type person_pair as (a int, b text);
analyze people, notes;
