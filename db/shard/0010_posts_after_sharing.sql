-- What members do to posts that they have shared: who may see them, the place's name, comments and like counts off, pins, the archive.
alter table posts
  add column audience text not null default 'everyone',
  add column takes_comments boolean not null default true,
  add column hides_like_count boolean not null default false,
  add column place_name text,
  add column pinned_at timestamptz,
  add constraint posts_audience check (audience in ('everyone', 'followers')) not valid,
  drop constraint posts_state_check,
  add constraint posts_state_check check (state in ('developing', 'published', 'failed', 'deleted', 'archived')) not valid;

-- A post that comes out of the archive may still have a card in a cache.
create or replace function count_card(changed bigint[]) returns void language sql as $$
  update posts set card_version = card_version + 1 where post_id = any (changed) and state in ('published', 'archived')
    and current_setting('pinhole.is_mover', true) is distinct from 'on'
$$;

create function count_own_card() returns trigger language plpgsql as $$
begin
  new.card_version := new.card_version + 1;
  return new;
end $$;
create trigger count_card before update of caption, place_name on posts
  for each row when (old.caption is distinct from new.caption or old.place_name is distinct from new.place_name)
  execute function count_own_card();

-- Photos that are stored, and the shelf on which they ought to lie: the one place that says so.
create view photo_shelves as
  select media_id, media.account_id, post_id, kind, media.state, revision, shelf, renditions,
    case when kind <> 'avatar' and (is_private or posts.state = 'archived' or audience = 'followers')
      then 'private' else 'public' end as wanted_shelf
  from media join accounts using (account_id) left join post_media using (media_id) left join posts using (post_id);
