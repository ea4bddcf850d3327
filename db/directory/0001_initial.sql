-- The directory: what must be found before an account's shard is known. Small, not sharded, read through the cache.

create table servers (
  name text primary key,
  url text not null,                        -- '' : the server that the configuration names
  is_open boolean not null default true     -- takes new accounts
);

create table logical_shards (
  logical_shard integer primary key check (logical_shard between 0 and 8191),
  server text not null references servers,
  version bigint not null default 1
);

create table handles (
  handle text collate "C" primary key check (handle = lower(handle)),
  skeleton text not null constraint handles_skeleton_unique unique,  -- what the handle looks like at a glance
  account_id bigint not null constraint handles_account_unique unique,
  search_name text collate "C" not null default '',  -- mirror of accounts.name, folded
  is_live boolean not null default false,   -- false until the account's row is committed in its shard, and once it is deleted
  claimed_at timestamptz not null default now()
);
-- In C order, so that "begins with" is a range that can be read in order and left early.
create index handles_live on handles (handle) where is_live;
create index handles_live_name on handles (search_name) where is_live;

create table emails (
  email text primary key check (email = lower(email)),
  account_id bigint not null constraint emails_account_unique unique,
  claimed_at timestamptz not null default now()
);

create table hashtags (
  tag text collate "C" primary key,
  hashtag_id bigint not null constraint hashtags_id_unique unique,
  post_count bigint not null default 0 check (post_count >= 0)
);
create index hashtags_used on hashtags (tag) where post_count > 0;

create table secrets (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default now()
);

create table setup (
  is_done boolean primary key default true check (is_done),
  admin_id bigint not null
);
