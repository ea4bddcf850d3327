-- What receives and develops a photo before it is published changes no card.
create trigger count_card after update of edits, revision, shelf, width, height, thumbhash, average_colour, taken_at,
    latitude, longitude, renditions, is_in_work, state on media
  for each row when (old.* is distinct from new.*) execute function count_card_of_media();
