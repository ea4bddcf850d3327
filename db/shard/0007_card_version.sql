-- Counts the changes of what a published post's card shows: a card in a cache is good as long as it names the same number.
alter table posts add column card_version integer not null default 0;

-- What a mover clears is another server's by now.
create function count_card(changed bigint[]) returns void language sql as $$
  update posts set card_version = card_version + 1 where post_id = any (changed) and state = 'published'
    and current_setting('pinhole.is_mover', true) is distinct from 'on'
$$;

create function count_card_of_media() returns trigger language plpgsql as $$
begin
  perform count_card(array(select post_id from post_media where media_id = new.media_id));
  return null;
end $$;

create function count_card_of_photos() returns trigger language plpgsql as $$
begin
  perform count_card(array[case tg_op when 'DELETE' then old.post_id else new.post_id end]);
  return null;
end $$;
