-- outside a transaction
-- A write to a shard that this server does not own fails with PHF01. Each trigger alone, since its lock on the table
-- would else be held while those on the other tables are waited for. A new table of members' data gets both triggers
-- in the file that makes it, and its row in infra/shard-tables.ts.

create or replace trigger fence before insert or update on accounts
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on accounts
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on credentials
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on credentials
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on sessions
  for each row when (not is_owned(new.session_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on sessions
  for each row when (not is_owned(old.session_id)) execute function refuse_write();
create or replace trigger fence before insert or update on mail_tokens
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on mail_tokens
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on posts
  for each row when (not is_owned(new.post_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on posts
  for each row when (not is_owned(old.post_id)) execute function refuse_write();
create or replace trigger fence before insert or update on media
  for each row when (not is_owned(new.media_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on media
  for each row when (not is_owned(old.media_id)) execute function refuse_write();
create or replace trigger fence before insert or update on post_media
  for each row when (not is_owned(new.post_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on post_media
  for each row when (not is_owned(old.post_id)) execute function refuse_write();
create or replace trigger fence before insert or update on follows
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on follows
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on blocks
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on blocks
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on likes
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on likes
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on activity
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on activity
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on followers
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on followers
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
create or replace trigger fence before insert or update on post_likes
  for each row when (not is_owned(new.post_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on post_likes
  for each row when (not is_owned(old.post_id)) execute function refuse_write();
create or replace trigger fence before insert or update on comments
  for each row when (not is_owned(new.comment_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on comments
  for each row when (not is_owned(old.comment_id)) execute function refuse_write();
create or replace trigger fence before insert or update on hashtag_posts
  for each row when (not is_owned(new.hashtag_id)) execute function refuse_write();
create or replace trigger fence_delete before delete on hashtag_posts
  for each row when (not is_owned(old.hashtag_id)) execute function refuse_write();

-- A publication with a row filter needs the filter's column in the row's identity.
alter table sessions replica identity using index sessions_id_unique;
create unique index concurrently if not exists mail_tokens_account_token on mail_tokens (account_id, token_hash);
alter table mail_tokens replica identity using index mail_tokens_account_token;
drop index concurrently if exists mail_tokens_account;
