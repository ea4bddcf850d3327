/** Tables: posts, post_media (owner's side). */
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, readAtLagging, readEach, readReachable, type Shards } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import type { FactsRow } from '../graph/schema.ts';
import type { Shelf } from '../media/schema.ts';

export type PhotoRow = {
  media_id: MediaId;
  state: string;
  is_in_work: boolean;
  alt_text: string;
  filter: string;
  revision: number;
  shelf: Shelf;
  width: number | null;
  height: number | null;
  thumbhash: string | null;
  average_colour: string | null;
  taken_at: string | null;
  latitude: number | null;
  longitude: number | null;
  failure_message: string | null;
  renditions: { name: string; width: number; height: number }[];
};
export type PostRow = {
  post_id: PostId;
  account_id: AccountId;
  caption: string;
  state: 'developing' | 'published' | 'failed' | 'deleted';
  like_count: string;
  comment_count: string;
  created_at: Date;
  photos: PhotoRow[];
};
/** What all see alike, and what rarely changes. */
export type PostCardRow = Pick<PostRow, 'post_id' | 'account_id' | 'caption' | 'created_at' | 'photos'> & {
  card_version: number;
};
/** What changes all the time, and what "may the viewer see it" depends on. */
export type PostFacts = FactsRow &
  Pick<PostRow, 'post_id' | 'state' | 'like_count' | 'comment_count'> & {
    card_version: number;
  };

export async function insertPost(
  tx: Transaction,
  post: {
    postId: PostId;
    accountId: AccountId;
    caption: string;
    idempotencyKey: string | null;
    requestHash: Buffer;
  },
): Promise<void> {
  await tx.rows(sql`
    insert into posts (post_id, account_id, caption, idempotency_key, request_hash)
    values (${post.postId}, ${post.accountId}, ${post.caption}, ${post.idempotencyKey}, ${post.requestHash})`);
}

export async function insertPostMedia(
  tx: Transaction,
  postId: PostId,
  photos: { mediaId: MediaId; altText: string }[],
): Promise<void> {
  await tx.rows(sql`
    insert into post_media (post_id, position, media_id, alt_text)
    select ${postId}, position - 1, media_id, alt_text
    from unnest(${photos.map((photo) => photo.mediaId)}::bigint[], ${photos.map((photo) => photo.altText)}::text[])
      with ordinality as photo (media_id, alt_text, position)`);
}

export async function selectByIdempotencyKey(shards: Shards, accountId: AccountId, key: string) {
  const [row] = await readAt<{ post_id: PostId; request_hash: Buffer }>(
    shards,
    accountId,
    sql`
    select post_id, request_hash from posts where account_id = ${accountId} and idempotency_key = ${key}`,
  );
  return row ?? null;
}

/** Posts with their photos; one statement per server. Those that are deleted are left out. */
export function selectPosts(
  shards: Shards,
  postIds: PostId[],
  options: { mayLag: boolean },
): Promise<(PostRow & PostCardRow)[]> {
  return readReachable<PostRow & PostCardRow, PostId>(shards, postIds, postsOf, options);
}

export async function selectPost(shards: Shards, postId: PostId): Promise<PostRow | null> {
  const [row] = await readAt<PostRow>(shards, postId, postsOf([postId]));
  return row ?? null;
}

function postsOf(postIds: PostId[]): Statement {
  return sql`
    select post_id, account_id, caption, state, like_count, comment_count, created_at, card_version, photos
    from posts, lateral (
      select coalesce(jsonb_agg(photo order by position), '[]') as photos
      from post_photos where post_photos.post_id = posts.post_id) as shown
    where post_id = any(${postIds}) and state <> 'deleted'`;
}

/**
 * Posts as they stand at the primaries, with what "may A see B" depends on at their account's side, which is on the same
 * server: one statement per server. `read` says what a server that does not answer means.
 */
export function selectPostFacts(
  read: typeof readEach,
  shards: Shards,
  viewerId: AccountId | '0',
  postIds: PostId[],
): Promise<PostFacts[]> {
  return read<PostFacts, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, posts.state, like_count, comment_count, card_version, posts.account_id,
      handle, name, is_private, avatar_id, accounts.state = 'active' as is_active,
      exists (select from blocks where blocks.account_id = accounts.account_id and target_id = ${viewerId}) as blocks_viewer,
      followers.state as follower_state
    from posts join accounts using (account_id)
      left join followers on followers.account_id = accounts.account_id and follower_id = ${viewerId}
    where post_id = any(${share})`,
  );
}

/** The newest published posts of all these accounts together, with their photos: the merge of a home feed. */
export function selectNewestOfAccounts(
  shards: Shards,
  accountIds: AccountId[],
  before: string,
  limit: number,
): Promise<PostRow[]> {
  return readReachable<PostRow, AccountId>(shards, accountIds, (share) => newestOf(share, before, limit), {
    mayLag: true,
  });
}

function newestOf(accountIds: AccountId[], before: string, limit: number): Statement {
  return sql`
    with newest as materialized (
      select mine.post_id from unnest(${accountIds}::bigint[]) as author (account_id), lateral (
        select post_id from posts
        where posts.account_id = author.account_id and state = 'published' and post_id < ${before}
        order by post_id desc limit ${limit}) as mine
      order by mine.post_id desc limit ${limit})
    select post_id, account_id, caption, state, like_count, comment_count, created_at, photos
    from newest join posts using (post_id), lateral (
      select coalesce(jsonb_agg(photo order by position), '[]') as photos
      from post_photos where post_photos.post_id = newest.post_id) as shown
    order by post_id desc`;
}

const SAMPLE_EACH = 25;

/**
 * Ids of the newest published posts of all these accounts together, from the primaries; all servers must answer. Of each
 * account a few are read first: nothing older than the last of the newest among those can be wanted.
 */
export async function selectNewestIdsOfAccounts(
  shards: Shards,
  accountIds: AccountId[],
  before: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await readEach<{ post_id: PostId }, AccountId>(
    shards,
    accountIds,
    (share) => sql`
    with author as (select unnest(${share}::bigint[]) as account_id),
    oldest as (
      select coalesce(min(post_id), 0) as post_id from (
        select sampled.post_id, count(*) over () as found from author, lateral (
          select post_id from posts
          where posts.account_id = author.account_id and state = 'published' and post_id < ${before}
          order by post_id desc limit ${SAMPLE_EACH}) as sampled
        order by post_id desc limit ${limit}) as sample
      where found >= ${limit})
    select mine.post_id from author, lateral (
      select post_id from posts
      where posts.account_id = author.account_id and state = 'published' and post_id < ${before}
        and post_id >= (select post_id from oldest)
      order by post_id desc limit ${limit}) as mine
    order by mine.post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

export async function selectPostIdsOfAccount(
  shards: Shards,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAtLagging<{ post_id: PostId }>(
    shards,
    accountId,
    sql`
    select post_id from posts where account_id = ${accountId} and state = 'published' and post_id < ${before}
    order by post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

/** Own posts that are not published yet, or failed: only for their author. */
export async function selectUnpublishedIds(
  shards: Shards,
  accountId: AccountId,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAt<{ post_id: PostId }>(
    shards,
    accountId,
    sql`
    select post_id from posts where account_id = ${accountId} and state <> 'published' and state <> 'deleted'
    order by post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

export type PostHead = {
  post_id: PostId;
  account_id: AccountId;
  state: PostRow['state'];
  caption: string;
  like_count: string;
};

export async function selectPostHeadForUpdate(tx: Transaction, postId: PostId): Promise<PostHead | null> {
  return oneOf<PostHead>(
    tx,
    sql`select post_id, account_id, state, caption, like_count from posts where post_id = ${postId} for update`,
  );
}

export function selectPostHeads(shards: Shards, postIds: PostId[]): Promise<PostHead[]> {
  return readReachable<PostHead, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, account_id, state, caption, like_count from posts where post_id = any(${share})`,
  );
}

export async function selectPhotoStates(tx: Transaction, postId: PostId): Promise<string[]> {
  const rows = await tx.rows<{ state: string }>(
    sql`select state from post_media join media using (media_id) where post_id = ${postId}`,
  );
  return rows.map((row) => row.state);
}

export async function selectPhotoStatesById(tx: Transaction, postId: PostId): Promise<Map<MediaId, string>> {
  const rows = await tx.rows<{ media_id: MediaId; state: string }>(
    sql`select media_id, state from post_media join media using (media_id) where post_id = ${postId}`,
  );
  return new Map(rows.map((row) => [row.media_id, row.state]));
}

export function selectMedia(shards: Shards, postId: PostId) {
  return readAt<{ media_id: MediaId; account_id: AccountId }>(
    shards,
    postId,
    sql`select media_id, account_id from post_media join media using (media_id) where post_id = ${postId}`,
  );
}

export async function selectPostOfMedia(shards: Shards, mediaId: MediaId) {
  const [row] = await readAt<Pick<PostHead, 'post_id' | 'account_id' | 'state'>>(
    shards,
    mediaId,
    sql`
    select post_id, account_id, state from post_media join posts using (post_id) where media_id = ${mediaId}`,
  );
  return row ?? null;
}

/** Another photo in the same place; the description stays unless another is given. */
export async function updatePostMedia(
  tx: Transaction,
  postId: PostId,
  from: MediaId,
  to: MediaId,
  altText: string | null,
): Promise<void> {
  await tx.rows(sql`
    update post_media set media_id = ${to}, alt_text = coalesce(${altText}, alt_text)
    where post_id = ${postId} and media_id = ${from}`);
}

export async function deletePostMedia(tx: Transaction, postId: PostId, mediaId: MediaId): Promise<void> {
  await tx.rows(sql`delete from post_media where post_id = ${postId} and media_id = ${mediaId}`);
}

export async function updatePostState(
  tx: Transaction,
  postId: PostId,
  state: PostRow['state'],
): Promise<void> {
  await tx.rows(sql`update posts set state = ${state} where post_id = ${postId}`);
}

/** Gives those that were not deleted before. */
export async function updatePostsDeleted(tx: Transaction, postIds: PostId[]): Promise<PostId[]> {
  const rows = await tx.rows<{ post_id: PostId }>(sql`
    update posts set state = 'deleted' where post_id = any(${postIds}) and state <> 'deleted' returning post_id`);
  return rows.map((row) => row.post_id);
}

/** Idempotency keys are kept a day. */
export async function updateOldKeys(database: Database): Promise<void> {
  await database.rows(sql`
    update posts set idempotency_key = null where idempotency_key is not null and created_at < now() - interval '1 day'
      and is_owned(post_id)`);
}

export async function deletePostRow(tx: Transaction, postId: PostId): Promise<void> {
  await tx.rows(sql`delete from post_media where post_id = ${postId}`);
  await tx.rows(sql`delete from posts where post_id = ${postId}`);
}

/** Adds to the counters of many posts in one statement; never below zero. Gives those that are published. */
export async function addToPostCounts(
  tx: Transaction,
  postIds: PostId[],
  likes: number[],
  comments: number[],
): Promise<Set<PostId>> {
  const rows = await tx.rows<Pick<PostRow, 'post_id' | 'state'>>(sql`
    update posts set like_count = greatest(0, like_count + likes), comment_count = greatest(0, comment_count + comments)
    from unnest(${postIds}::bigint[], ${likes}::bigint[], ${comments}::bigint[]) as change (post_id, likes, comments)
    where posts.post_id = change.post_id returning posts.post_id, state`);
  return new Set(rows.flatMap((row) => (row.state === 'published' ? row.post_id : [])));
}

export async function selectAnyPostIds(
  shards: Shards,
  accountId: AccountId,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAt<{ post_id: PostId }>(
    shards,
    accountId,
    sql`select post_id from posts where account_id = ${accountId} limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

// whose a post is ----------------------------------------------------------------------------------------------

export type OwnerRow = Pick<PostRow, 'post_id' | 'account_id'>;

/** Key in Redis, role map: owners:layouts, and what infra/redis/id-map.ts keeps under owners:{version}. Rebuilt by `rebuild map`. */
export const OWNERS = 'owners';

/** Published posts alone, from the primaries; one statement per server. */
export function selectOwners(shards: Shards, postIds: PostId[]): Promise<OwnerRow[]> {
  return readReachable<OwnerRow, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, account_id from posts where post_id = any(${share}) and state = 'published'`,
  );
}

/** All published posts of a server, account by account, each account's newest first. */
export function selectOwnersAfter(database: Database, after: OwnerRow, limit: number): Promise<OwnerRow[]> {
  return database.rows<OwnerRow>(sql`
    select post_id, account_id from posts
    where state = 'published' and is_owned(post_id) and account_id >= ${after.account_id}
      and (account_id > ${after.account_id} or post_id < ${after.post_id})
    order by account_id, post_id desc limit ${limit}`);
}

export async function countPublished(database: Database): Promise<{ count: number; firstId: PostId | null }> {
  const [row] = await database.rows<{ count: string; first_id: PostId | null }>(
    sql`select count(*), min(post_id) as first_id from posts where state = 'published'`,
  );
  return { count: Number(row?.count), firstId: row?.first_id ?? null };
}
