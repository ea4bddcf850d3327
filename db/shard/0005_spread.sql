-- How an account's posts reach home feeds in Redis: pushed into each, or merged by whoever reads; turning: both, while all
-- homes of its followers are begun anew.
alter table accounts
  add column spread text not null default 'pushed',
  add column spread_turn integer not null default 0,  -- counts the changes: a turn that was overtaken ends nothing
  add constraint accounts_spread check (spread in ('pushed', 'turning', 'merged')) not valid;
