-- Posts that are not shared yet, at their author's side, and when some of them are to be.
create table drafts (
  draft_id bigint primary key,
  account_id bigint not null,
  version integer not null default 1,        -- counts the changes of what is in it: who saves says which he saw
  content jsonb not null default '{}',
  upload_ids bigint[] not null default '{}', -- of its photos: they do not expire while a draft names them
  publish_at timestamptz,
  failure text,                              -- why it could not be published when it was due
  idempotency_key text,
  updated_at timestamptz not null default now(),
  constraint drafts_idempotency_unique unique (account_id, idempotency_key)
);
create index drafts_newest on drafts (account_id, updated_at desc);
create index drafts_due on drafts (publish_at, draft_id) where publish_at is not null;

create trigger fence before insert or update on drafts
  for each row when (not is_owned(new.draft_id)) execute function refuse_write();
create trigger fence_delete before delete on drafts
  for each row when (not is_owned(old.draft_id)) execute function refuse_write();
