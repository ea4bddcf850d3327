-- Many servers: how to reach each, which version of the map a process has, and moves under way.

alter table servers
  add pooler_url text not null default '',           -- a pgbouncer in front of it; '' : none
  add replica_urls text[] not null default '{}';     -- streaming replicas of it

-- Grows with every change of servers or logical_shards, always by publish_map().
create table map_version (
  is_only boolean primary key default true check (is_only),
  version bigint not null default 1
);
insert into map_version default values;

-- Called in the transaction that changes the map, as its last statement; gives the new version, and tells all processes at commit.
create function publish_map() returns bigint language plpgsql as $$
declare
  published bigint;
begin
  update map_version set version = version + 1 returning version into published;
  perform pg_notify('pinhole_map', published::text);
  return published;
end $$;

-- Who has the map in memory, and which version of it. Empty after a crash of the directory: each says so again within a second.
create unlogged table processes (
  process_id uuid primary key,
  name text not null,                                -- machine and process number
  map_version bigint not null,
  seen_at timestamptz not null default now()
);

create table moves (
  move_id bigint generated always as identity primary key,
  ranges text not null,                              -- like 0-99,4096-8191
  source text not null references servers,
  target text not null references servers,
  state text not null check (state in ('copying', 'switching', 'clearing', 'undoing', 'done', 'undone')),
  started_at timestamptz not null default now(),
  state_since timestamptz not null default now()
);
create unique index moves_one_at_a_time on moves ((true)) where state not in ('done', 'undone');
