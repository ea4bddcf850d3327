/** Table: media (owner's side). Files: `keys`, and the renditions, see addresses.ts. */
import type { Edits } from '../../../core/edits.ts';
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import type { PostAudience } from '../../../core/shapes.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';
import type { KeptOriginal, MediaRow, Place, Shelf, StoredRendition } from './schema.ts';

export type { KeptOriginal, MediaRow, Place, StoredRendition } from './schema.ts';

type Rows = { rows: Database['rows'] };

/** The files that nobody but their owner is given. The last two digits spread them over folders. */
export const keys = {
  /** What came in, from which the renditions are made. */
  source: (mediaId: MediaId) => `originals/${mediaId.slice(-2)}/${mediaId}`,
  /** Where the form of an object store puts it, until somebody has looked at it. */
  incoming: (mediaId: MediaId) => `incoming/${mediaId.slice(-2)}/${mediaId}`,
  /** The untouched file, where the member keeps originals and the browser sent a prepared one. */
  kept: (mediaId: MediaId) => `kept/${mediaId.slice(-2)}/${mediaId}`,
};

export async function insertMedia(
  tx: Transaction,
  mediaId: MediaId,
  accountId: AccountId,
  ticket: {
    kind: 'photo' | 'original';
    hours: number;
    sha256: string | null;
    sizeBytes: number | null;
    originalOf: MediaId | null;
  },
): Promise<void> {
  await tx.rows(sql`
    insert into media (media_id, account_id, kind, expires_at, announced_sha256, announced_bytes, original_of)
    values (${mediaId}, ${accountId}, ${ticket.kind}, now() + make_interval(hours => ${ticket.hours}),
      ${ticket.sha256}, ${ticket.sizeBytes}, ${ticket.originalOf})`);
}

/** Those that a draft names are bounded with it. */
export async function countUnclaimed(tx: Transaction, accountId: AccountId) {
  const row = await oneOf<{ count: string; bytes: string }>(
    tx,
    sql`
    select count(*), coalesce(sum(coalesce(size_bytes, announced_bytes)), 0) as bytes
    from media where account_id = ${accountId} and expires_at > now()
      and media_id not in (select unnest(upload_ids) from drafts where account_id = ${accountId})`,
  );
  return { count: Number(row?.count), bytes: Number(row?.bytes) };
}

export async function selectMedia(shards: Shards, mediaId: MediaId): Promise<MediaRow | null> {
  const [row] = await readAt<MediaRow>(
    shards,
    mediaId,
    sql`
    select *, to_char(taken_at, 'YYYY-MM-DD"T"HH24:MI:SS') as taken_at, coalesce(expires_at < now(), false) as is_expired from media where media_id = ${mediaId}`,
  );
  return row ?? null;
}

/** Only one at a time receives a photo; false when another does, or it is there already. */
export async function updateReceiving(db: Rows, mediaId: MediaId, minutes: number): Promise<boolean> {
  const rows = await db.rows(sql`
    update media set state = 'receiving', receiving_until = now() + make_interval(mins => ${minutes})
    where media_id = ${mediaId} and (state = 'waiting' or state = 'receiving' and receiving_until < now())
      and expires_at > now() returning 1`);
  return rows.length > 0;
}

export async function updateWaiting(db: Rows, mediaId: MediaId): Promise<void> {
  await db.rows(sql`update media set state = 'waiting' where media_id = ${mediaId} and state = 'receiving'`);
}

export async function updateInWork(db: Rows, mediaId: MediaId): Promise<void> {
  await db.rows(
    sql`update media set is_in_work = true where media_id = ${mediaId} and state = 'developing' and not is_in_work`,
  );
}

export async function updateMediaUploaded(
  db: Rows,
  mediaId: MediaId,
  found: {
    sourceFormat: string;
    sizeBytes: number;
    sha256: string;
    width: number;
    height: number;
    sourceWidth: number;
    sourceHeight: number;
    thumbhash: string;
    averageColour: string;
    takenAt: string | null;
    place: Place | null;
  },
): Promise<boolean> {
  const rows = await db.rows(sql`
    update media set state = 'uploaded', format = ${found.sourceFormat}, size_bytes = ${found.sizeBytes}, sha256 = ${found.sha256},
      width = ${found.width}, height = ${found.height}, thumbhash = ${found.thumbhash}, average_colour = ${found.averageColour},
      source_width = ${found.sourceWidth}, source_height = ${found.sourceHeight}, taken_at = ${found.takenAt},
      latitude = ${found.place?.latitude ?? null}, longitude = ${found.place?.longitude ?? null}
    where media_id = ${mediaId} and state = 'receiving' returning 1`);
  return rows.length > 0;
}

export type Claim = {
  mediaId: MediaId;
  edits: Edits;
  /** Null: as the photo itself says. */
  takenAt: string | null;
  /** 'its own': what the photo itself says; null: the member does not show it, and it is forgotten. */
  place: Place | 'its own' | null;
};

/** Claims uploads for a post or an avatar; gives the ids that could be claimed. */
export async function claimMedia(
  tx: Transaction,
  accountId: AccountId,
  claims: Claim[],
  kind: 'photo' | 'avatar',
) {
  const given = claims.map(({ place }) => (place === 'its own' ? null : place));
  const rows = await tx.rows<{ media_id: MediaId }>(sql`
    update media set state = 'developing', kind = ${kind}, expires_at = case when ${kind} = 'avatar' then expires_at end, edits = wish.edits::jsonb,
      taken_at = coalesce(wish.taken_at, media.taken_at),
      latitude = coalesce(wish.latitude, case when wish.keeps_place then media.latitude end),
      longitude = coalesce(wish.longitude, case when wish.keeps_place then media.longitude end)
    from unnest(${claims.map((claim) => claim.mediaId)}::bigint[], ${claims.map((claim) => JSON.stringify(claim.edits))}::text[],
      ${claims.map((claim) => claim.takenAt)}::timestamp[], ${claims.map((claim) => claim.place === 'its own')}::boolean[],
      ${given.map((place) => place?.latitude ?? null)}::float8[], ${given.map((place) => place?.longitude ?? null)}::float8[])
      as wish (media_id, edits, taken_at, keeps_place, latitude, longitude)
    where media.media_id = wish.media_id and account_id = ${accountId} and media.kind = 'photo' and state = 'uploaded'
      and expires_at > now()
    returning media.media_id`);
  return new Set(rows.map((row) => row.media_id));
}

export function selectMediaOf(tx: Transaction, mediaIds: MediaId[]) {
  return tx.rows<MediaRow>(sql`
    select *, to_char(taken_at, 'YYYY-MM-DD"T"HH24:MI:SS') as taken_at, coalesce(expires_at < now(), false) as is_expired from media where media_id = any(${mediaIds})`);
}

export type Made = {
  width: number;
  height: number;
  thumbhash: string;
  averageColour: string;
  renditions: StoredRendition[];
};

/** False when it was deleted, or made ready, meanwhile. */
export async function updateMediaReady(
  tx: Transaction,
  mediaId: MediaId,
  shelf: Shelf,
  made: Made,
): Promise<boolean> {
  const rows = await tx.rows(sql`
    update media set state = 'ready', is_in_work = false, expires_at = null, shelf = ${shelf}, width = ${made.width}, height = ${made.height},
      thumbhash = ${made.thumbhash}, average_colour = ${made.averageColour}, renditions = ${JSON.stringify(made.renditions)}
    where media_id = ${mediaId} and state = 'developing' returning 1`);
  return rows.length > 0;
}

/** A number that no other edit of the photo is given. */
export async function reserveRevision(db: Rows, mediaId: MediaId): Promise<number> {
  const row = await oneOf<{ last_revision: number }>(
    db,
    sql`update media set last_revision = last_revision + 1 where media_id = ${mediaId} returning last_revision`,
  );
  return row?.last_revision ?? 0;
}

/** Puts what was made with new edits in the place of `before`; false when that is not the photo's revision any more. */
export async function updateRevision(
  tx: Transaction,
  before: number,
  { media_id, revision, edits, shelf }: Pick<MediaRow, 'media_id' | 'revision' | 'edits' | 'shelf'>,
  made: Made,
): Promise<boolean> {
  const rows = await tx.rows(sql`
    update media set revision = ${revision}, edits = ${JSON.stringify(edits)}, shelf = ${shelf}, width = ${made.width},
      height = ${made.height}, thumbhash = ${made.thumbhash}, average_colour = ${made.averageColour},
      renditions = ${JSON.stringify(made.renditions)}
    where media_id = ${media_id} and state = 'ready' and revision = ${before} returning 1`);
  return rows.length > 0;
}

/** Adds or replaces renditions of one revision, each by its name; false when that is not the photo's any more. */
export async function updateRenditions(
  tx: Transaction,
  mediaId: MediaId,
  revision: number,
  shelf: Shelf,
  renditions: StoredRendition[],
): Promise<boolean> {
  const names = renditions.map(({ name }) => name);
  const rows = await tx.rows(sql`
    update media set renditions = ${JSON.stringify(renditions)}::jsonb || coalesce((
      select jsonb_agg(each) from jsonb_array_elements(renditions) as each where each ->> 'name' <> all (${names})), '[]')
    where media_id = ${mediaId} and state = 'ready' and revision = ${revision} and shelf = ${shelf} returning 1`);
  return rows.length > 0;
}

export async function updateMediaFailed(
  tx: Transaction,
  mediaId: MediaId,
  code: string,
  message: string,
): Promise<void> {
  await tx.rows(sql`
    update media set state = 'failed', is_in_work = false, failure_code = ${code}, failure_message = ${message}
    where media_id = ${mediaId} and state = 'developing'`);
}

/** Gives how many tries have failed now. */
export async function addTry(db: Rows, mediaId: MediaId): Promise<number> {
  const row = await oneOf<{ tries: number }>(
    db,
    sql`
    update media set tries = tries + 1 where media_id = ${mediaId} and state = 'developing' returning tries`,
  );
  return row?.tries ?? 0;
}

export async function deleteMedia(db: Rows, mediaIds: MediaId[]): Promise<void> {
  await db.rows(sql`delete from media where media_id = any(${mediaIds})`);
}

/** False when it is not there, not the account's, or was claimed. */
export async function deleteUnclaimed(db: Rows, mediaId: MediaId, accountId: AccountId): Promise<boolean> {
  const rows = await db.rows(sql`
    delete from media where media_id = ${mediaId} and account_id = ${accountId} and state in ('waiting', 'uploaded')
    returning 1`);
  return rows.length > 0;
}

/** On one server: uploads that nothing has claimed in time. Their rows go first, so that nothing can claim them any more. */
export function deleteExpired(database: Database, limit: number) {
  return database.rows<{ media_id: MediaId; account_id: AccountId }>(sql`
    delete from media where expires_at < now() and media_id in (
      select media_id from media where expires_at < now() and is_owned(media_id)
      order by expires_at limit ${limit} for update skip locked)
    returning media_id, account_id`);
}

export function selectLooseMedia(tx: Transaction, accountId: AccountId, limit: number) {
  return tx.rows<{ media_id: MediaId; account_id: AccountId }>(sql`
    select media_id, account_id from media where account_id = ${accountId}
      and not exists (select from post_media where post_media.media_id = media.media_id) limit ${limit}`);
}

export type Servable = {
  account_id: AccountId;
  revision: number;
  shelf: Shelf;
  /** Whether the private shelf is the right one. */
  is_private: boolean;
  is_avatar: boolean;
  /** Its account and it are there. */
  is_live: boolean;
  /** Of its post; of an avatar as though it were published. */
  state: string;
  audience: PostAudience;
};

/** What serving a photo depends on. */
export async function selectServable(shards: Shards, mediaId: MediaId): Promise<Servable | null> {
  const [row] = await readAt<Servable>(
    shards,
    mediaId,
    sql`
    select photo.account_id, revision, shelf, wanted_shelf = 'private' as is_private, kind = 'avatar' as is_avatar,
      accounts.state = 'active' and photo.state = 'ready' and (kind = 'avatar' or posts.state is not null) as is_live,
      case when kind = 'avatar' then 'published' else posts.state end as state,
      coalesce(posts.audience, 'everyone') as audience
    from photo_shelves as photo join accounts using (account_id) left join posts using (post_id)
    where media_id = ${mediaId}`,
  );
  return row ?? null;
}

// the same photo again ----------------------------------------------------------------------------------------

/** The member's newest photo of these very bytes, and the newest post that shows it. */
export async function selectKnown(shards: Shards, accountId: AccountId, sha256: string) {
  const [row] = await readAt<{ media_id: MediaId; post_id: PostId | null }>(
    shards,
    accountId,
    sql`
    select media_id, case when posts.state <> 'deleted' then post_id end as post_id
    from media left join post_media using (media_id) left join posts using (post_id)
    where media.account_id = ${accountId} and sha256 = ${sha256} and kind = 'photo'
      and media.state in ('uploaded', 'developing', 'ready')
    order by (posts.state <> 'deleted') is true desc, media_id desc limit 1`,
  );
  return row ?? null;
}

// kept originals ----------------------------------------------------------------------------------------------

/** Null when the photo is gone or another's. Held until the transaction ends. */
export async function selectForOriginal(tx: Transaction, mediaId: MediaId, accountId: AccountId) {
  return oneOf<{ has_original: boolean }>(
    tx,
    sql`
    select kept_original is not null as has_original from media
    where media_id = ${mediaId} and account_id = ${accountId} and kind = 'photo'
      and state in ('uploaded', 'developing', 'ready') for update`,
  );
}

export async function updateKeptOriginal(
  tx: Transaction,
  mediaId: MediaId,
  kept: KeptOriginal,
): Promise<void> {
  await tx.rows(sql`update media set kept_original = ${JSON.stringify(kept)} where media_id = ${mediaId}`);
}

// shelves -----------------------------------------------------------------------------------------------------

export type Misplaced = Pick<MediaRow, 'media_id' | 'account_id' | 'revision' | 'shelf' | 'renditions'>;

/** Photos of an account that lie on another shelf than they ought to: see photo_shelves. */
export function selectMisplaced(db: Rows, accountId: AccountId, limit: number) {
  return db.rows<Misplaced>(
    sql`
    select media_id, account_id, revision, shelf, renditions from photo_shelves
    where account_id = ${accountId} and state = 'ready' and shelf <> wanted_shelf order by media_id desc limit ${limit}`,
  );
}

export function selectMisplacedOfPost(db: Rows, postId: PostId) {
  return db.rows<Misplaced>(sql`
    select media_id, account_id, revision, shelf, renditions from photo_shelves
    where post_id = ${postId} and state = 'ready' and shelf <> wanted_shelf`);
}

export async function selectWantedShelf(shards: Shards, mediaId: MediaId): Promise<'public' | 'private'> {
  const [row] = await readAt<{ wanted_shelf: 'public' | 'private' }>(
    shards,
    mediaId,
    sql`select wanted_shelf from photo_shelves where media_id = ${mediaId}`,
  );
  return row?.wanted_shelf ?? 'private';
}

/** Holds the answer until the transaction ends: the post first, and then its account, as all do who change both. */
export async function selectWantedShelfForShare(
  tx: Transaction,
  mediaId: MediaId,
): Promise<'public' | 'private'> {
  await tx.rows(sql`
    select from posts where post_id = (select post_id from post_media where media_id = ${mediaId}) for update`);
  await tx.rows(sql`
    select from accounts where account_id = (select account_id from media where media_id = ${mediaId}) for share`);
  const row = await oneOf<{ wanted_shelf: 'public' | 'private' }>(
    tx,
    sql`select wanted_shelf from photo_shelves where media_id = ${mediaId}`,
  );
  return row?.wanted_shelf ?? 'private';
}

/** False when it was edited or deleted meanwhile, or has more renditions than were moved. */
export async function updateShelf(
  tx: Transaction,
  photo: Pick<MediaRow, 'media_id' | 'revision' | 'shelf' | 'renditions'>,
  to: Shelf,
): Promise<boolean> {
  const rows = await tx.rows(sql`
    update media set shelf = ${to}
    where media_id = ${photo.media_id} and revision = ${photo.revision} and shelf = ${photo.shelf} and state = 'ready'
      and jsonb_array_length(renditions) = ${photo.renditions.length} returning 1`);
  return rows.length > 0;
}

/** On one server: accounts whose photos still lie as the first version laid them. */
export async function selectOldShelfAccounts(database: Database, limit: number): Promise<AccountId[]> {
  const rows = await database.rows<{ account_id: AccountId }>(sql`
    select distinct account_id from (
      select account_id from media where shelf = 'old' and state = 'ready' and is_owned(media_id) order by media_id limit ${limit}) as old`);
  return rows.map((row) => row.account_id);
}
