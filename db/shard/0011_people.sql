-- Who is on a photo of a post (owner's side), and on which posts an account is (mirror's side).

create table post_people (
  post_id bigint not null,
  media_id bigint not null,
  account_id bigint not null,
  x double precision not null check (x between 0 and 1),   -- of the photo as it is shown
  y double precision not null check (y between 0 and 1),
  is_removed boolean not null default false,               -- by the account itself: it is not named on this post again
  primary key (post_id, media_id, account_id)
);
create index post_people_account on post_people (account_id);
create trigger fence before insert or update on post_people
  for each row when (not is_owned(new.post_id)) execute function refuse_write();
create trigger fence_delete before delete on post_people
  for each row when (not is_owned(old.post_id)) execute function refuse_write();
create trigger count_card after insert or update or delete on post_people
  for each row execute function count_card_of_photos();

create table tagged_posts (
  account_id bigint not null,
  post_id bigint not null,
  primary key (account_id, post_id)
);
create trigger fence before insert or update on tagged_posts
  for each row when (not is_owned(new.account_id)) execute function refuse_write();
create trigger fence_delete before delete on tagged_posts
  for each row when (not is_owned(old.account_id)) execute function refuse_write();

alter table activity
  drop constraint activity_kind_check,
  add constraint activity_kind_check check (kind in ('liked', 'commented', 'followed', 'follow_requested', 'follow_accepted',
    'mentioned', 'replied', 'comment_liked', 'tagged')) not valid;
