-- What an account wants to be told of. Requests to follow are told always: somebody waits for the answer.
alter table accounts
  add column notifies_likes boolean not null default true,
  add column notifies_comments boolean not null default true,
  add column notifies_follows boolean not null default true,
  add column notifies_mentions boolean not null default true;
