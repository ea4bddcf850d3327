-- As in 0002, and with the code of why a photo failed.
create or replace view post_photos as
  select post_id, position, jsonb_build_object(
    'media_id', media_id::text, 'state', media.state, 'is_in_work', is_in_work, 'alt_text', alt_text,
    'filter', edits -> 'look' -> 'filter', 'revision', revision, 'shelf', shelf,
    'width', width, 'height', height, 'thumbhash', thumbhash, 'average_colour', average_colour,
    'taken_at', taken_at, 'latitude', latitude, 'longitude', longitude,
    'failure_code', failure_code, 'failure_message', failure_message, 'renditions', renditions) as photo
  from post_media join media using (media_id);
