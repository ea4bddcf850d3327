-- outside a transaction
-- comments_newest is still read by the version before.
create index concurrently if not exists comments_top on comments (post_id, comment_id desc) where parent_id = 0;
create index concurrently if not exists comments_replies on comments (parent_id, comment_id) where parent_id <> 0;
alter table comments validate constraint comments_counts;
alter table activity validate constraint activity_kind_check;
