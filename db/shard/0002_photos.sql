-- Edits as data, renditions that can be made anew, kept originals, uploads that can go on after they were broken off.

alter table media
  add edits jsonb not null default
    '{"frame":{"turns":0,"isMirrored":false,"degrees":0,"crop":null},"look":{"filter":"none","strength":100,"adjustments":{}}}',
  add revision integer not null default 0,      -- which the renditions are; another one each time that they are made anew
  add last_revision integer not null default 0, -- handed out so far, to edits that failed too
  add shelf text not null default 'old' check (shelf in ('public', 'private', 'old')),  -- under which folder they lie
  add is_in_work boolean not null default false,
  add source_width integer,
  add source_height integer,
  add latitude double precision,                -- where it was taken, while unclaimed or if the member shows it
  add longitude double precision,
  add kept_original jsonb,                      -- size, checksum and format of the untouched file, where it is kept
  add announced_sha256 text,                    -- what the ticket was asked for
  add announced_bytes bigint,
  add original_of bigint,
  add receiving_until timestamptz,              -- a receiver that died holds its ticket no longer than this
  drop constraint media_kind_check,
  add constraint media_kind_check check (kind in ('photo', 'avatar', 'original'));

update media set edits = jsonb_set(edits, '{look,filter}', to_jsonb(filter)) where filter <> 'none';
alter table media drop filter, alter shelf set default 'private';

create index media_sha256 on media (account_id, sha256) where sha256 is not null;
create index media_old_shelf on media (media_id) where shelf = 'old';

-- kind: original is a ticket that becomes part of another photo; it has no renditions.

alter table accounts add keeps_originals boolean not null default false;

-- A photo of a post, as the post's card shows it. Not yet gathered for each post: where a view groups, PostgreSQL gathers
-- them for all posts and then takes one (nine times the CPU of a feed page).
create view post_photos as
  select post_id, position, jsonb_build_object(
    'media_id', media_id::text, 'state', media.state, 'is_in_work', is_in_work, 'alt_text', alt_text,
    'filter', edits -> 'look' -> 'filter', 'revision', revision, 'shelf', shelf,
    'width', width, 'height', height, 'thumbhash', thumbhash, 'average_colour', average_colour,
    'taken_at', taken_at, 'latitude', latitude, 'longitude', longitude,
    'failure_message', failure_message, 'renditions', renditions) as photo
  from post_media join media using (media_id);
