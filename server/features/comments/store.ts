/** Table: comments (in the post's shard). */
import { type AccountId, type CommentId, type PostId, shardOf } from '../../../core/ids.ts';
import { type Database, oneOf, type Transaction } from '../../infra/database.ts';
import { readAt, readReachable, type Shards } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';

export type CommentRow = { comment_id: CommentId; post_id: PostId; account_id: AccountId; text: string };

export async function insertComment(
  tx: Transaction,
  comment: { postId: PostId; accountId: AccountId; text: string; idempotencyKey: string | null },
) {
  return oneOf<CommentRow>(
    tx,
    sql`
    insert into comments (comment_id, post_id, account_id, text, idempotency_key)
    values (next_id(${shardOf(comment.postId)}), ${comment.postId}, ${comment.accountId}, ${comment.text}, ${comment.idempotencyKey})
    on conflict on constraint comments_idempotency_unique do nothing
    returning comment_id, post_id, account_id, text`,
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
    select comment_id, post_id, account_id, text from comments
    where post_id = ${postId} and account_id = ${accountId} and idempotency_key = ${key}`,
  );
  return row ?? null;
}

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
    select comment_id, post_id, account_id, text from comments
    where post_id = ${postId} and comment_id < ${before} order by comment_id desc limit ${limit}`,
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
  return sql`select comment_id, post_id, account_id, text from comments where comment_id = any(${commentIds})`;
}

export async function deleteComment(tx: Transaction, commentId: CommentId): Promise<boolean> {
  return (await tx.rows(sql`delete from comments where comment_id = ${commentId} returning 1`)).length > 0;
}

export async function deleteCommentsOfPost(db: { rows: Database['rows'] }, postId: PostId): Promise<void> {
  await db.rows(sql`delete from comments where post_id = ${postId}`);
}

/** On one server. */
export function selectCommentsOfAccount(
  database: Database,
  accountId: AccountId,
  limit: number,
): Promise<CommentRow[]> {
  return database.rows<CommentRow>(sql`
    select comment_id, post_id, account_id, '' as text from comments where account_id = ${accountId} and is_owned(comment_id) limit ${limit}`);
}
