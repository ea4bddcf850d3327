-- One set of tables for all logical shards of a server; the logical shard is a number inside each ID.
-- Owner's side: what an account has and does. Mirror's side: what others did to it, written by jobs.

-- IDs: (ms since 2010-01-01) << 23 | logical shard << 10 | counter. See core/ids.ts.
-- The sequence is itself the clock: its value is (ms << 10 | counter), and it only ever grows. An ID takes the next
-- value; only when that lies more than a millisecond behind the wall clock is the sequence moved up, under a lock.
-- So a clock that steps back, or more than 1,024 IDs in a millisecond, let it run ahead of the wall clock, and
-- never make two equal IDs: (ms, counter) is unique on the whole server.
create sequence id_clock as bigint minvalue 0 start 0 cache 1;

-- Others may draw between looking at the sequence and moving it, which would move it back over their values. So a
-- catch-up counts itself before it looks and after it moved (odd: under way), and whoever drew meanwhile sees that
-- the count is odd or has changed, throws its value away and draws again under the lock. (A seqlock.)
create sequence id_catch_ups as bigint minvalue 0 start 0 cache 1;
select nextval('id_catch_ups');

create function id_wall_clock_ms() returns bigint language sql volatile
  as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint - 1262304000000 $$;

-- Moves the sequence up to the wall clock where it is behind, and draws from it. The lock is taken in a subtransaction
-- that always rolls back, so that it is held for microseconds and not until the caller commits (nextval and setval
-- are not undone). A count that a crash left odd is put right by the next catch-up.
create function id_clock_catch_up() returns bigint language plpgsql as $$
declare
  fresh bigint;
  is_marked boolean;
  is_behind boolean;
begin
  begin
    perform pg_advisory_xact_lock(7234770010);
    is_marked := pg_sequence_last_value('id_catch_ups') % 2 = 1;
    is_behind := coalesce(pg_sequence_last_value('id_clock'), 0) < ((id_wall_clock_ms() - 1) << 10);
    if is_marked or is_behind then
      if not is_marked then perform nextval('id_catch_ups'); end if;
      perform setval('id_clock', greatest(pg_sequence_last_value('id_clock'), id_wall_clock_ms() << 10));
      perform nextval('id_catch_ups');
    end if;
    fresh := nextval('id_clock');
    raise exception using errcode = 'PHID1';
  exception when sqlstate 'PHID1' then
    return fresh;
  end;
end $$;

create function next_id(logical_shard integer) returns bigint language plpgsql as $$
declare
  catch_ups bigint := pg_sequence_last_value('id_catch_ups');
  tick bigint := nextval('id_clock');
begin
  if catch_ups % 2 = 1 or catch_ups <> pg_sequence_last_value('id_catch_ups')
    or tick < ((id_wall_clock_ms() - 1) << 10) then
    tick := id_clock_catch_up();
  end if;
  -- All of these operators have one precedence in PostgreSQL: every pair of brackets counts.
  return ((tick >> 10) << 23) | (logical_shard::bigint << 10) | (tick & 1023);
end $$;

create function id_logical_shard(id bigint) returns integer language sql immutable
  as $$ select ((id >> 10) & 8191)::integer $$;

-- owner's side ------------------------------------------------------------------------------------------------

create table accounts (
  account_id bigint primary key,
  handle text not null,
  name text not null default '',
  bio text not null default '',
  email text not null,
  email_confirmed_at timestamptz,
  role text not null default 'member' check (role in ('member', 'admin')),
  state text not null default 'active' check (state in ('active', 'deleted')),
  is_private boolean not null default false,
  avatar_id bigint,
  follower_count bigint not null default 0 check (follower_count >= 0),
  following_count bigint not null default 0 check (following_count >= 0),
  post_count bigint not null default 0 check (post_count >= 0),
  seen_activity_id bigint not null default 0,
  created_at timestamptz not null default now()
);

create table credentials (
  account_id bigint primary key references accounts on delete cascade,
  password_hash text not null,
  changed_at timestamptz not null default now()
);

create table sessions (
  token_hash bytea primary key,
  session_id bigint not null constraint sessions_id_unique unique,
  account_id bigint not null references accounts on delete cascade,
  kind text not null check (kind in ('web', 'bearer')),
  device_name text not null default '',
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_account on sessions (account_id);

create table mail_tokens (
  token_hash bytea primary key,
  account_id bigint not null references accounts on delete cascade,
  purpose text not null check (purpose in ('confirm', 'reset')),
  email text not null,
  expires_at timestamptz not null
);
create index mail_tokens_account on mail_tokens (account_id);

create table posts (
  post_id bigint primary key,
  account_id bigint not null,
  caption text not null default '',
  state text not null default 'developing' check (state in ('developing', 'published', 'failed', 'deleted')),
  idempotency_key text,
  request_hash bytea,
  like_count bigint not null default 0 check (like_count >= 0),
  comment_count bigint not null default 0 check (comment_count >= 0),
  created_at timestamptz not null default now(),
  constraint posts_idempotency_unique unique (account_id, idempotency_key)
);
create index posts_account_newest on posts (account_id, post_id desc) where state = 'published';
create index posts_keys on posts (created_at) where idempotency_key is not null;
create index posts_account_unpublished on posts (account_id, post_id desc) where state <> 'published';

create table media (
  media_id bigint primary key,
  account_id bigint not null,
  kind text not null default 'photo' check (kind in ('photo', 'avatar')),
  state text not null default 'waiting' check (state in ('waiting', 'receiving', 'uploaded', 'developing', 'ready', 'failed')),
  filter text not null default 'none',
  format text,
  size_bytes bigint,
  sha256 text,
  width integer,
  height integer,
  thumbhash text,
  average_colour text,
  taken_at timestamp,
  renditions jsonb not null default '[]',
  failure_code text,
  failure_message text,
  tries integer not null default 0,
  expires_at timestamptz,                   -- an upload that no post or avatar has claimed by then is removed
  created_at timestamptz not null default now()
);
create index media_expiry on media (expires_at) where expires_at is not null;
create index media_account on media (account_id, media_id);

create table post_media (
  post_id bigint not null references posts on delete cascade,
  position smallint not null,
  media_id bigint not null constraint post_media_media_unique unique references media,
  alt_text text not null default '',
  primary key (post_id, position)
);

create table follows (
  account_id bigint not null,
  target_id bigint not null,
  follow_id bigint not null,                -- names this act: a later answer to it cannot hit a newer one
  state text not null check (state in ('requested', 'accepted')),
  primary key (account_id, target_id)
);
create index follows_newest on follows (account_id, follow_id desc);

create table blocks (
  account_id bigint not null,
  target_id bigint not null,
  block_id bigint not null,
  primary key (account_id, target_id)
);

create table likes (
  account_id bigint not null,
  post_id bigint not null,
  like_id bigint not null,
  primary key (account_id, post_id)
);

create table activity (
  account_id bigint not null,
  activity_id bigint not null,
  kind text not null check (kind in ('liked', 'commented', 'followed', 'follow_requested', 'follow_accepted', 'mentioned')),
  actor_id bigint not null,
  post_id bigint not null default 0,        -- 0: not about a post
  comment_id bigint not null default 0,     -- 0: not about a comment
  primary key (account_id, activity_id),
  constraint activity_once unique (account_id, kind, actor_id, post_id, comment_id)
);
create index activity_actor on activity (actor_id);
create index activity_post on activity (post_id) where post_id <> 0;
create index activity_comment on activity (comment_id) where comment_id <> 0;

-- mirror's side -----------------------------------------------------------------------------------------------

-- Who follows me. For a private account this row, not the follower's own, decides what he may see;
-- 'removed' stays until the follower's own row is gone, so that a late job cannot bring him back.
create table followers (
  account_id bigint not null,
  follower_id bigint not null,
  follow_id bigint not null,
  state text not null check (state in ('requested', 'accepted', 'removed')),
  primary key (account_id, follower_id)
);
create index followers_newest on followers (account_id, state, follow_id desc);

create table post_likes (
  post_id bigint not null,
  account_id bigint not null,
  like_id bigint not null,
  primary key (post_id, account_id)
);
create index post_likes_newest on post_likes (post_id, like_id desc);

-- A comment is made in its post's shard.
create table comments (
  comment_id bigint primary key,
  post_id bigint not null,
  account_id bigint not null,
  text text not null,
  idempotency_key text,
  constraint comments_idempotency_unique unique (post_id, account_id, idempotency_key)
);
create index comments_newest on comments (post_id, comment_id desc);
create index comments_account on comments (account_id);

-- Lives in the hashtag's shard; only posts of public accounts.
create table hashtag_posts (
  hashtag_id bigint not null,
  post_id bigint not null,
  primary key (hashtag_id, post_id)
);
create index hashtag_posts_post on hashtag_posts (post_id);
