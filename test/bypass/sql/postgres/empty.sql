-- Takes away whatever an evasion has left.
do $$
declare
  each record;
begin
  for each in select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
    execute format('drop schema %I cascade', each.name);
  end loop;
  for each in select pubname as name from pg_publication loop
    execute format('drop publication %I', each.name);
  end loop;
  for each in select srvname as name from pg_foreign_server loop
    execute format('drop server %I cascade', each.name);
  end loop;
  perform lo_unlink(oid) from pg_largeobject_metadata;
end $$;
create schema public;
