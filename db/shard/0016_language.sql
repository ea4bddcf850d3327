-- The language of mails to the account (null: not known), and how far the first steps of a new member have come.
alter table accounts
  add column language text,
  add column first_run text;
