-- Replies, one level deep, and likes of comments.
alter table comments
  add column parent_id bigint not null default 0,    -- 0: not a reply; never a reply's own ID
  add column like_count bigint not null default 0,
  add column reply_count bigint not null default 0,
  add constraint comments_counts check (like_count >= 0 and reply_count >= 0) not valid;

-- In the comment's shard, as comments are: source itself, there is no mirror.
create table comment_likes (
  comment_id bigint not null,
  account_id bigint not null,
  like_id bigint not null,
  primary key (comment_id, account_id)
);
create index comment_likes_newest on comment_likes (comment_id, like_id desc);
create index comment_likes_account on comment_likes (account_id);
create trigger fence before insert or update on comment_likes
  for each row when (not is_owned(new.comment_id)) execute function refuse_write();
create trigger fence_delete before delete on comment_likes
  for each row when (not is_owned(old.comment_id)) execute function refuse_write();
