-- What I have saved, at my side alone: nobody else ever lists it, so it has no mirror.
create table saves (
  account_id bigint not null,
  post_id bigint not null,
  save_id bigint not null,                  -- orders them: the last saved first
  primary key (account_id, post_id)
);
create index saves_newest on saves (account_id, save_id desc);
create index saves_post on saves (post_id);

create trigger fence before insert or update on saves
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create trigger fence_delete before delete on saves
  for each row when (not is_owned(old.account_id)) execute function refuse_write();
