-- outside a transaction
create index concurrently if not exists posts_pinned on posts (account_id, pinned_at desc) where pinned_at is not null;
alter table posts validate constraint posts_audience;
alter table posts validate constraint posts_state_check;
alter table activity validate constraint activity_kind_check;
