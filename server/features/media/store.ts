/** Table: media (owner's side). Files: originals/, masters/, photos/ in the store, see `keys`. */
import type { FilterName } from '../../../core/filters.ts';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

export type StoredRendition = {
  name: string;
  width: number;
  height: number;
  sizeBytes: number;
  sha256: string;
};
export type MediaState = 'waiting' | 'receiving' | 'uploaded' | 'developing' | 'ready' | 'failed';
export type MediaRow = {
  media_id: MediaId;
  account_id: AccountId;
  kind: 'photo' | 'avatar';
  state: MediaState;
  filter: FilterName;
  width: number | null;
  height: number | null;
  thumbhash: string | null;
  average_colour: string | null;
  renditions: StoredRendition[];
  failure_code: string | null;
  failure_message: string | null;
  tries: number;
  is_expired: boolean;
};

/** Where a photo's files lie. The last two digits spread them over folders. */
export const keys = {
  original: (mediaId: MediaId) => `originals/${mediaId.slice(-2)}/${mediaId}`,
  master: (mediaId: MediaId) => `masters/${mediaId}`,
  rendition: (mediaId: MediaId, name: string) => `photos/${mediaId.slice(-2)}/${mediaId}/${name}.jpg`,
};

export async function insertMedia(
  tx: Transaction,
  mediaId: MediaId,
  accountId: AccountId,
  minutes: number,
): Promise<void> {
  await tx.rows(sql`
    insert into media (media_id, account_id, expires_at) values (${mediaId}, ${accountId}, now() + make_interval(mins => ${minutes}))`);
}

export async function countUnclaimed(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ count: string }>(
    tx,
    sql`
    select count(*) from media where account_id = ${accountId} and expires_at > now()`,
  );
  return Number(row?.count);
}

export async function selectMedia(shards: Shards, mediaId: MediaId): Promise<MediaRow | null> {
  const [row] = await readAt<MediaRow>(
    shards,
    mediaId,
    sql`
    select *, coalesce(expires_at < now(), false) as is_expired from media where media_id = ${mediaId}`,
  );
  return row ?? null;
}

/** Moves one photo from one state to the next; false when it is not in that state (any more). */
export async function updateMediaState(
  db: { rows: Database['rows'] },
  mediaId: MediaId,
  from: MediaState,
  to: MediaState,
): Promise<boolean> {
  const rows = await db.rows(sql`
    update media set state = ${to} where media_id = ${mediaId} and state = ${from} and (expires_at is null or expires_at > now()) returning 1`);
  return rows.length > 0;
}

export async function updateMediaUploaded(
  db: { rows: Database['rows'] },
  mediaId: MediaId,
  found: {
    format: string;
    sizeBytes: number;
    sha256: string;
    width: number;
    height: number;
    thumbhash: string;
    averageColour: string;
    takenAt: string | null;
  },
): Promise<boolean> {
  const rows = await db.rows(sql`
    update media set state = 'uploaded', format = ${found.format}, size_bytes = ${found.sizeBytes}, sha256 = ${found.sha256},
      width = ${found.width}, height = ${found.height}, thumbhash = ${found.thumbhash}, average_colour = ${found.averageColour},
      taken_at = ${found.takenAt}
    where media_id = ${mediaId} and state = 'receiving' returning 1`);
  return rows.length > 0;
}

/** Claims uploads for a post or an avatar; gives the ids that could be claimed. */
export async function claimMedia(
  tx: Transaction,
  accountId: AccountId,
  wishes: { mediaId: MediaId; filter: string }[],
  kind: 'photo' | 'avatar',
) {
  const rows = await tx.rows<{ media_id: MediaId }>(sql`
    update media set state = 'developing', kind = ${kind}, filter = wish.filter, expires_at = null
    from unnest(${wishes.map((wish) => wish.mediaId)}::bigint[], ${wishes.map((wish) => wish.filter)}::text[]) as wish (media_id, filter)
    where media.media_id = wish.media_id and account_id = ${accountId} and state = 'uploaded' and expires_at > now()
    returning media.media_id`);
  return new Set(rows.map((row) => row.media_id));
}

export function selectMediaOf(tx: Transaction, mediaIds: MediaId[]) {
  return tx.rows<MediaRow>(sql`
    select *, coalesce(expires_at < now(), false) as is_expired from media where media_id = any(${mediaIds})`);
}

/** False when it was deleted, or made ready, meanwhile. */
export async function updateMediaReady(
  tx: Transaction,
  mediaId: MediaId,
  made: {
    width: number;
    height: number;
    thumbhash: string;
    averageColour: string;
    renditions: StoredRendition[];
  },
): Promise<boolean> {
  const rows = await tx.rows(sql`
    update media set state = 'ready', width = ${made.width}, height = ${made.height}, thumbhash = ${made.thumbhash},
      average_colour = ${made.averageColour}, renditions = ${JSON.stringify(made.renditions)}
    where media_id = ${mediaId} and state = 'developing' returning 1`);
  return rows.length > 0;
}

export async function updateRenditions(
  tx: Transaction,
  mediaId: MediaId,
  renditions: StoredRendition[],
): Promise<void> {
  await tx.rows(
    sql`update media set renditions = ${JSON.stringify(renditions)} where media_id = ${mediaId} and state = 'ready'`,
  );
}

export async function updateMediaFailed(
  tx: Transaction,
  mediaId: MediaId,
  code: string,
  message: string,
): Promise<void> {
  await tx.rows(sql`
    update media set state = 'failed', failure_code = ${code}, failure_message = ${message}
    where media_id = ${mediaId} and state = 'developing'`);
}

/** Gives how many tries have failed now. */
export async function addTry(database: Database, mediaId: MediaId): Promise<number> {
  const row = await oneOf<{ tries: number }>(
    database,
    sql`
    update media set tries = tries + 1 where media_id = ${mediaId} and state = 'developing' returning tries`,
  );
  return row?.tries ?? 0;
}

export async function deleteMedia(db: { rows: Database['rows'] }, mediaIds: MediaId[]): Promise<void> {
  await db.rows(sql`delete from media where media_id = any(${mediaIds})`);
}

/** False when it is not there, not the account's, or was claimed. */
export async function deleteUnclaimed(
  database: Database,
  mediaId: MediaId,
  accountId: AccountId,
): Promise<boolean> {
  const rows = await database.rows(sql`
    delete from media where media_id = ${mediaId} and account_id = ${accountId} and state in ('waiting', 'uploaded')
    returning 1`);
  return rows.length > 0;
}

/** On one server: uploads that nothing has claimed in time. */
export async function selectExpired(database: Database, limit: number): Promise<MediaId[]> {
  const rows = await database.rows<{ media_id: MediaId }>(sql`
    select media_id from media where expires_at < now() order by expires_at limit ${limit}`);
  return rows.map((row) => row.media_id);
}

export async function selectMediaIdsOfAccount(
  tx: Transaction,
  accountId: AccountId,
  limit: number,
): Promise<MediaId[]> {
  const rows = await tx.rows<{ media_id: MediaId }>(sql`
    select media_id from media where account_id = ${accountId}
      and not exists (select from post_media where post_media.media_id = media.media_id) limit ${limit}`);
  return rows.map((row) => row.media_id);
}

/**
 * What serving a photo depends on: whose it is, whether it is to be seen at all. That of a post still in work counts:
 * only its author is given its address.
 */
export async function selectServable(shards: Shards, mediaId: MediaId) {
  const [row] = await readAt<{ is_private: boolean; is_avatar: boolean; is_live: boolean }>(
    shards,
    mediaId,
    sql`
    select is_private, kind = 'avatar' as is_avatar,
      accounts.state = 'active' and media.state = 'ready' and coalesce(posts.state <> 'deleted', kind = 'avatar') as is_live
    from media join accounts using (account_id)
    left join post_media using (media_id) left join posts using (post_id)
    where media_id = ${mediaId}`,
  );
  return row ?? null;
}
