-- Shards that move between servers: which of them this server owns. 0004_fence.sql lets every write ask.

-- A server that existed before there were several owns all of them; `shard add` empties this table on a new one.
create table owned_shards (
  logical_shard integer primary key check (logical_shard between 0 and 8191)
);

-- The body of is_owned(id) holds the table as a bit string: a tenth of the cost of looking into the table, for every
-- row that is written. A transaction that begins after the commit of a change sees the new body, as every transaction
-- begins by taking in what has become invalid; the mover waits for those that were running when its commit returned.
create function make_is_owned() returns trigger language plpgsql as $$
declare
  owned text := (
    select string_agg(case when logical_shard is null then '0' else '1' end, '' order by number)
    from generate_series(0, 8191) as number left join owned_shards on logical_shard = number);
begin
  execute format('create or replace function is_owned(id bigint) returns boolean language plpgsql stable parallel safe as %L',
    format('begin return get_bit(bit %L, ((id >> 10) & 8191)::integer) = 1; end', owned));
  return null;
end $$;
create trigger make_is_owned after insert or update or delete or truncate on owned_shards
  for each statement execute function make_is_owned();
alter table owned_shards enable always trigger make_is_owned;

insert into owned_shards select generate_series(0, 8191);

-- Reached only by a write to a shard that this server does not own. Copies are written with session_replication_role =
-- replica, where triggers rest, and removed with pinhole.is_mover on.
create function refuse_write() returns trigger language plpgsql as $$
begin
  if current_setting('pinhole.is_mover', true) = 'on' then
    if tg_op = 'DELETE' then return old; end if;
    return new;
  end if;
  raise exception using errcode = 'PHF01', message = 'This server does not own the logical shard of this row.';
end $$;

-- Written at the source of a move when its writes have ended: once it stands at the target, all of them do.
create table move_marks (
  mark text primary key
);

-- Moves the clock of IDs past the given value of another server's id_clock, if it is not past it already. As in
-- id_clock_catch_up, whoever draws meanwhile sees that the count is odd or has changed, and draws again; and the lock is
-- not held until the caller commits.
create function id_clock_pass(tick bigint) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(7234770010);
  if pg_sequence_last_value('id_catch_ups') % 2 = 0 then perform nextval('id_catch_ups'); end if;
  perform setval('id_clock', greatest(coalesce(pg_sequence_last_value('id_clock'), 0), tick));
  perform nextval('id_catch_ups');
  raise exception using errcode = 'PHID1';
exception when sqlstate 'PHID1' then
  return;
end $$;

-- In floating point, which holds microseconds until long after 2044, and not in numeric: an eighth off next_id.
create or replace function id_wall_clock_ms() returns bigint language sql volatile
  as $$ select (date_part('epoch', clock_timestamp()) * 1000)::bigint - 1262304000000 $$;
