/** Tables: comments, comment_likes (both in the post's shard). */
import { type AccountId, type CommentId, type PostId, shardOf } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, readAtLagging, readEach, readReachable, type Shards } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';

/** parent_id is 0 for what is not a reply. */
export type CommentRow = {
  comment_id: CommentId;
  post_id: PostId;
  account_id: AccountId;
  text: string;
  parent_id: CommentId | '0';
  like_count: string;
  reply_count: string;
};
export type LikeKey = { accountId: AccountId; commentId: CommentId };
type Place = Pick<CommentRow, 'comment_id' | 'post_id' | 'parent_id'>;

export async function insertComment(
  tx: Transaction,
  comment: {
    postId: PostId;
    accountId: AccountId;
    text: string;
    parentId: CommentId | '0';
    idempotencyKey: string | null;
  },
) {
  return oneOf<CommentRow>(
    tx,
    sql`
    insert into comments (comment_id, post_id, account_id, text, parent_id, idempotency_key)
    values (next_id(${shardOf(comment.postId)}), ${comment.postId}, ${comment.accountId}, ${comment.text}, ${comment.parentId}, ${comment.idempotencyKey})
    on conflict on constraint comments_idempotency_unique do nothing
    returning comment_id, post_id, account_id, text, parent_id, like_count, reply_count`,
  );
}

export async function selectByIdempotencyKey(
  shards: Shards,
  postId: PostId,
  accountId: AccountId,
  key: string,
): Promise<CommentRow | null> {
  const [row] = await readAt<CommentRow>(
    shards,
    postId,
    sql`
    select comment_id, post_id, account_id, text, parent_id, like_count, reply_count from comments
    where post_id = ${postId} and account_id = ${accountId} and idempotency_key = ${key}`,
  );
  return row ?? null;
}

/** Without replies, newest first. `parent_id = 0` names the partial index. */
export function selectComments(
  shards: Shards,
  postId: PostId,
  before: string,
  limit: number,
): Promise<CommentRow[]> {
  return readAt<CommentRow>(
    shards,
    postId,
    sql`
    select comment_id, post_id, account_id, text, parent_id, like_count, reply_count from comments
    where post_id = ${postId} and parent_id = 0 and comment_id < ${before} order by comment_id desc limit ${limit}`,
  );
}

/** Oldest first. `<> 0` names the partial index. */
export function selectReplies(
  shards: Shards,
  parentId: CommentId,
  after: string,
  limit: number,
): Promise<CommentRow[]> {
  return readAt<CommentRow>(
    shards,
    parentId,
    sql`
    select comment_id, post_id, account_id, text, parent_id, like_count, reply_count from comments
    where parent_id = ${parentId} and parent_id <> 0 and comment_id > ${after} order by comment_id limit ${limit}`,
  );
}

export function selectCommentsById(shards: Shards, commentIds: CommentId[]): Promise<CommentRow[]> {
  return readReachable<CommentRow, CommentId>(shards, commentIds, commentsOf);
}

export async function selectComment(shards: Shards, commentId: CommentId): Promise<CommentRow | null> {
  const [row] = await readAt<CommentRow>(shards, commentId, commentsOf([commentId]));
  return row ?? null;
}

function commentsOf(commentIds: CommentId[]): Statement {
  return sql`
    select comment_id, post_id, account_id, text, parent_id, like_count, reply_count from comments
    where comment_id = any(${commentIds})`;
}

/** Holds those that are there until the transaction ends. All who hold several take them in this order. */
export function lockComments(
  tx: Transaction,
  commentIds: (CommentId | '0')[],
): Promise<(Place & Pick<CommentRow, 'like_count'>)[]> {
  return tx.rows(sql`
    select comment_id, post_id, parent_id, like_count from comments
    where comment_id = any(${commentIds}::bigint[]) order by comment_id for update`);
}

export async function addToReplyCount(tx: Transaction, commentId: CommentId, by: number): Promise<void> {
  await tx.rows(
    sql`update comments set reply_count = greatest(0, reply_count + ${by}::bigint) where comment_id = ${commentId}`,
  );
}

/** Adds to the counters of comments that the transaction holds; never below zero. */
export async function addToLikeCounts(
  tx: Transaction,
  commentIds: CommentId[],
  by: number[],
): Promise<Map<CommentId, number>> {
  const rows = await tx.rows<Pick<CommentRow, 'comment_id' | 'like_count'>>(sql`
    update comments set like_count = greatest(0, like_count + likes)
    from unnest(${commentIds}::bigint[], ${by}::bigint[]) as change (comment_id, likes)
    where comments.comment_id = change.comment_id returning comments.comment_id, like_count`);
  return new Map(rows.map((row) => [row.comment_id, Number(row.like_count)]));
}

// likes of comments ---------------------------------------------------------------------------------------------

/** Each with its ID; gives those that were not liked before. */
export function insertCommentLikes(tx: Transaction, edges: LikeKey[]): Promise<LikeKey[]> {
  return tx.rows<LikeKey>(sql`
    insert into comment_likes (comment_id, account_id, like_id)
    select comment_id, account_id, next_id(id_logical_shard(comment_id))
    from unnest(${edges.map((edge) => edge.commentId)}::bigint[], ${edges.map((edge) => edge.accountId)}::bigint[])
      as edge (comment_id, account_id) order by comment_id, account_id
    on conflict do nothing returning comment_id as "commentId", account_id as "accountId"`);
}

/** Gives those that were liked. */
export function deleteCommentLikes(tx: Transaction, edges: LikeKey[]): Promise<LikeKey[]> {
  return tx.rows<LikeKey>(sql`
    delete from comment_likes using unnest(${edges.map((edge) => edge.commentId)}::bigint[], ${edges.map((edge) => edge.accountId)}::bigint[])
      as edge (comment_id, account_id)
    where comment_likes.comment_id = edge.comment_id and comment_likes.account_id = edge.account_id
    returning comment_likes.comment_id as "commentId", comment_likes.account_id as "accountId"`);
}

/** Those of the edges that stand, of comments that are there. One statement per server. */
export function selectCommentLikes(shards: Shards, edges: LikeKey[]): Promise<LikeKey[]> {
  const wanted = Map.groupBy(edges, (edge) => edge.commentId);
  return readEach<LikeKey, CommentId>(shards, [...wanted.keys()], (share) => {
    const mine = share.flatMap((commentId) => wanted.get(commentId) ?? []);
    return sql`
      select comment_likes.comment_id as "commentId", comment_likes.account_id as "accountId"
      from comment_likes join comments using (comment_id)
      join unnest(${mine.map((edge) => edge.commentId)}::bigint[], ${mine.map((edge) => edge.accountId)}::bigint[]) as edge (comment_id, account_id)
        on comment_likes.comment_id = edge.comment_id and comment_likes.account_id = edge.account_id`;
  });
}

/** Which of them the account likes. */
export async function selectLiked(
  shards: Shards,
  accountId: AccountId,
  commentIds: CommentId[],
): Promise<Set<CommentId>> {
  const rows = await readReachable<Pick<CommentRow, 'comment_id'>, CommentId>(
    shards,
    commentIds,
    (share) =>
      sql`select comment_id from comment_likes where comment_id = any(${share}) and account_id = ${accountId}`,
  );
  return new Set(rows.map((row) => row.comment_id));
}

export function selectCommentLikers(shards: Shards, commentId: CommentId, before: string, limit: number) {
  return readAtLagging<{ account_id: AccountId; like_id: string }>(
    shards,
    commentId,
    sql`
    select account_id, like_id from comment_likes
    where comment_id = ${commentId} and like_id < ${before} order by like_id desc limit ${limit}`,
  );
}

// removal -------------------------------------------------------------------------------------------------------

/** Gives those that were there. */
export async function deleteComments(tx: Transaction, commentIds: CommentId[]): Promise<CommentId[]> {
  const rows = await tx.rows<Pick<CommentRow, 'comment_id'>>(
    sql`delete from comments where comment_id = any(${commentIds}) returning comment_id`,
  );
  return rows.map((row) => row.comment_id);
}

export async function deleteSomeReplies(
  tx: Transaction,
  parentId: CommentId,
  limit: number,
): Promise<CommentId[]> {
  const rows = await tx.rows<Pick<CommentRow, 'comment_id'>>(sql`
    delete from comments where comment_id in (
      select comment_id from comments where parent_id = ${parentId} and parent_id <> 0 order by comment_id limit ${limit} for update)
    returning comment_id`);
  return rows.map((row) => row.comment_id);
}

/** Replies to those of the comments that are gone. */
export function selectOrphans(shards: Shards, parentIds: CommentId[], limit: number): Promise<Place[]> {
  return readEach<Place, CommentId>(
    shards,
    parentIds,
    (share) => sql`
    select comment_id, post_id, parent_id from comments
    where parent_id = any(${share}) and parent_id <> 0
      and not exists (select from comments as parent where parent.comment_id = comments.parent_id) limit ${limit}`,
  );
}

/** Likes of those of the comments that are gone; gives how many were taken away, at most `limit`. */
export async function deleteSomeLikesOfGone(
  tx: Transaction,
  commentIds: CommentId[],
  limit: number,
): Promise<number> {
  const rows = await tx.rows(sql`
    delete from comment_likes where (comment_id, account_id) in (
      select comment_id, account_id from comment_likes
      where comment_id = any(${commentIds})
        and not exists (select from comments where comments.comment_id = comment_likes.comment_id) limit ${limit})
    returning 1`);
  return rows.length;
}

export function deleteSomeCommentsOfPost(
  tx: Transaction,
  postId: PostId,
  limit: number,
): Promise<Pick<CommentRow, 'comment_id' | 'like_count'>[]> {
  return tx.rows(sql`
    delete from comments where comment_id in (
      select comment_id from comments where post_id = ${postId} order by comment_id limit ${limit} for update)
    returning comment_id, like_count`);
}

/** On one server. */
export function selectCommentsOfAccount(
  database: Database,
  accountId: AccountId,
  limit: number,
): Promise<Place[]> {
  return database.rows<Place>(sql`
    select comment_id, post_id, parent_id from comments where account_id = ${accountId} and is_owned(comment_id) limit ${limit}`);
}

/** On one server. */
export function selectLikesOfAccount(
  database: Database,
  accountId: AccountId,
  limit: number,
): Promise<LikeKey[]> {
  return database.rows<LikeKey>(sql`
    select comment_id as "commentId", account_id as "accountId" from comment_likes
    where account_id = ${accountId} and is_owned(comment_id) limit ${limit}`);
}
