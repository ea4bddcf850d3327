/** Tables: posts, post_media (owner's side). */
import type { AccountId, MediaId, PostId } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, readAtLagging, readEach, readReachable, type Shards } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import type { EditPost, PostCardRow, PostFacts, PostHead, PostRow, PostState } from './schema.ts';

export type { PostCardRow, PostFacts, PostHead, PostRow } from './schema.ts';

export async function insertPost(
  tx: Transaction,
  post: {
    postId: PostId;
    accountId: AccountId;
    caption: string;
    placeName: string | null;
    audience: PostRow['audience'];
    takesComments: boolean;
    hidesLikeCount: boolean;
    idempotencyKey: string | null;
    requestHash: Buffer;
  },
): Promise<void> {
  await tx.rows(sql`
    insert into posts (post_id, account_id, caption, place_name, audience, takes_comments, hides_like_count, idempotency_key, request_hash)
    values (${post.postId}, ${post.accountId}, ${post.caption}, ${post.placeName}, ${post.audience}, ${post.takesComments},
      ${post.hidesLikeCount}, ${post.idempotencyKey}, ${post.requestHash})`);
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
    select post_id, account_id, caption, place_name, state, audience, takes_comments, hides_like_count,
      pinned_at is not null as is_pinned, like_count, comment_count, created_at, card_version, photos, (
        select jsonb_agg(jsonb_build_object('media_id', media_id::text, 'account_id', account_id::text, 'x', x, 'y', y) order by account_id)
        from post_people where post_people.post_id = posts.post_id and not is_removed) as people
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
    select post_id, posts.state, audience, takes_comments, hides_like_count, pinned_at is not null as is_pinned,
      like_count, comment_count, card_version, posts.account_id,
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
    select post_id, account_id, caption, place_name, state, audience, takes_comments, hides_like_count,
      pinned_at is not null as is_pinned, like_count, comment_count, created_at, photos, (
        select jsonb_agg(jsonb_build_object('media_id', media_id::text, 'account_id', account_id::text, 'x', x, 'y', y) order by account_id)
        from post_people where post_people.post_id = posts.post_id and not is_removed) as people
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

/** What a profile shows: with the first page the pinned ones, the last pinned first; then the others, newest first. */
export function selectProfileIds(
  shards: Shards,
  accountId: AccountId,
  before: string,
  limit: number,
  isFirst: boolean,
) {
  return readAtLagging<{ post_id: PostId; is_pinned: boolean }>(
    shards,
    accountId,
    sql`
    select post_id, is_pinned from (
      (select post_id, true as is_pinned, pinned_at from posts
        where account_id = ${accountId} and state = 'published' and pinned_at is not null and ${isFirst}::boolean)
      union all
      (select post_id, false, null from posts
        where account_id = ${accountId} and state = 'published' and pinned_at is null and post_id < ${before}
        order by post_id desc limit ${limit})) as shown
    order by is_pinned desc, pinned_at desc, post_id desc`,
  );
}

/** Own posts in these states, in which nobody else sees them. */
export async function selectHiddenIds(
  shards: Shards,
  accountId: AccountId,
  states: PostState[],
  before: string,
  limit: number,
): Promise<PostId[]> {
  const rows = await readAt<{ post_id: PostId }>(
    shards,
    accountId,
    sql`
    select post_id from posts
    where account_id = ${accountId} and state <> 'published' and state = any(${states}) and post_id < ${before}
    order by post_id desc limit ${limit}`,
  );
  return rows.map((row) => row.post_id);
}

export async function selectPostHeadForUpdate(tx: Transaction, postId: PostId): Promise<PostHead | null> {
  return oneOf<PostHead>(
    tx,
    sql`
    select post_id, account_id, state, audience, caption, like_count, takes_comments, pinned_at is not null as is_pinned
    from posts where post_id = ${postId} for update`,
  );
}

export function selectPostHeads(shards: Shards, postIds: PostId[]): Promise<PostHead[]> {
  return readReachable<PostHead, PostId>(
    shards,
    postIds,
    (share) => sql`
    select post_id, account_id, state, audience, caption, like_count, takes_comments, pinned_at is not null as is_pinned
    from posts where post_id = any(${share})`,
  );
}

export async function selectPhotoStates(tx: Transaction, postId: PostId): Promise<Map<MediaId, string>> {
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

export async function updatePostState(tx: Transaction, postId: PostId, state: PostState): Promise<void> {
  await tx.rows(sql`update posts set state = ${state}, pinned_at = null where post_id = ${postId}`);
}

/** What is not named stays. An empty name is none. */
export async function updatePost(tx: Transaction, postId: PostId, edit: EditPost): Promise<void> {
  await tx.rows(sql`
    update posts set caption = coalesce(${edit.caption ?? null}, caption),
      place_name = case when ${edit.placeName !== undefined}::boolean then ${edit.placeName || null} else place_name end,
      audience = coalesce(${edit.audience ?? null}, audience),
      takes_comments = coalesce(${edit.takesComments ?? null}, takes_comments),
      hides_like_count = coalesce(${edit.hidesLikeCount ?? null}, hides_like_count)
    where post_id = ${postId}`);
}

export function selectPhotoOrder(tx: Transaction, postId: PostId) {
  return tx.rows<{ media_id: MediaId; alt_text: string }>(
    sql`select media_id, alt_text from post_media where post_id = ${postId} order by position`,
  );
}

/** So many photos are no post's: their places are free while others change theirs. */
const BEHIND = 1_000;

/** `photos`: all of the post. */
export async function updatePhotoOrder(
  tx: Transaction,
  postId: PostId,
  photos: { mediaId: MediaId; altText: string }[],
): Promise<void> {
  await tx.rows(sql`update post_media set position = position + ${BEHIND} where post_id = ${postId}`);
  await tx.rows(sql`
    update post_media set position = wish.position - 1, alt_text = wish.alt_text
    from unnest(${photos.map((photo) => photo.mediaId)}::bigint[], ${photos.map((photo) => photo.altText)}::text[])
      with ordinality as wish (media_id, alt_text, position)
    where post_id = ${postId} and post_media.media_id = wish.media_id`);
}

/** Null takes the pin away. Pinned again it stands first. */
export async function updatePinned(tx: Transaction, postId: PostId, isPinned: boolean): Promise<void> {
  await tx.rows(
    sql`update posts set pinned_at = case when ${isPinned}::boolean then clock_timestamp() end where post_id = ${postId}`,
  );
}

export async function countPinned(tx: Transaction, accountId: AccountId): Promise<number> {
  const row = await oneOf<{ count: string }>(
    tx,
    sql`select count(*) from posts where account_id = ${accountId} and state = 'published' and pinned_at is not null`,
  );
  return Number(row?.count);
}

/** Gives those that were not deleted before. */
export async function updatePostsDeleted(tx: Transaction, postIds: PostId[]): Promise<PostId[]> {
  const rows = await tx.rows<{ post_id: PostId }>(sql`
    update posts set state = 'deleted' where post_id = any(${postIds}) and state <> 'deleted' returning post_id`);
  return rows.map((row) => row.post_id);
}

/** Idempotency keys are kept two weeks: so long a browser may be without a network, and not know that its post is made. */
export async function updateOldKeys(database: Database): Promise<void> {
  await database.rows(sql`
    update posts set idempotency_key = null where idempotency_key is not null and created_at < now() - interval '14 days'
      and is_owned(post_id)`);
}

export async function deletePostRow(tx: Transaction, postId: PostId): Promise<void> {
  await tx.rows(sql`delete from post_media where post_id = ${postId}`);
  await tx.rows(sql`delete from posts where post_id = ${postId}`);
}

/** Adds to the counters of many posts in one statement; never below zero. Gives those that are published, or are so no longer for a while. */
export async function addToPostCounts(
  tx: Transaction,
  postIds: PostId[],
  likes: number[],
  comments: number[],
): Promise<Set<PostId>> {
  const rows = await tx.rows<{ post_id: PostId; state: PostState }>(sql`
    update posts set like_count = greatest(0, like_count + likes), comment_count = greatest(0, comment_count + comments)
    from unnest(${postIds}::bigint[], ${likes}::bigint[], ${comments}::bigint[]) as change (post_id, likes, comments)
    where posts.post_id = change.post_id returning posts.post_id, state`);
  return new Set(
    rows.flatMap((row) => (row.state === 'published' || row.state === 'archived' ? row.post_id : [])),
  );
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
