/** Tables: likes, saves (owner's side: what I like, what I have saved), post_likes (mirror's side: who likes my post). */
import type { AccountId, PostId } from '../../../core/ids.ts';
import type { Database, Transaction } from '../../infra/database.ts';
import { readAt, readAtLagging, readEach, type Shards } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

export type Edge = { account_id: AccountId; post_id: PostId; like_id: string };
type Rows = { rows: Database['rows'] };
export type Key = { accountId: AccountId; postId: PostId };

/** Each with its ID, in one statement, in one order for all processes; gives those that were not liked before. */
export function insertLikes(tx: Transaction, edges: Key[]): Promise<Key[]> {
  return tx.rows<Key>(sql`
    insert into likes (account_id, post_id, like_id)
    select account_id, post_id, next_id(id_logical_shard(account_id))
    from unnest(${edges.map((edge) => edge.accountId)}::bigint[], ${edges.map((edge) => edge.postId)}::bigint[])
      as edge (account_id, post_id) order by account_id, post_id
    on conflict do nothing returning account_id as "accountId", post_id as "postId"`);
}

/** Gives those that were liked. */
export function deleteLikes(tx: Transaction, edges: Key[]): Promise<Key[]> {
  return tx.rows<Key>(sql`
    delete from likes using unnest(${edges.map((edge) => edge.accountId)}::bigint[], ${edges.map((edge) => edge.postId)}::bigint[])
      as edge (account_id, post_id)
    where likes.account_id = edge.account_id and likes.post_id = edge.post_id
    returning likes.account_id as "accountId", likes.post_id as "postId"`);
}

export type Marks = { liked: Set<PostId>; saved: Set<PostId> };

/** Which of the posts the account likes, and which it has saved, in one statement. */
export async function selectMarks(shards: Shards, accountId: AccountId, postIds: PostId[]): Promise<Marks> {
  const rows = await readAt<{ post_id: PostId; is_like: boolean }>(
    shards,
    accountId,
    sql`
    select post_id, true as is_like from likes where account_id = ${accountId} and post_id = any(${postIds})
    union all
    select post_id, false from saves where account_id = ${accountId} and post_id = any(${postIds})`,
  );
  const idsOf = (isLike: boolean) =>
    new Set(rows.flatMap((row) => (row.is_like === isLike ? row.post_id : [])));
  return { liked: idsOf(true), saved: idsOf(false) };
}

/** Those of the edges that stand at their source now. One statement per server. */
export function selectLikes(shards: Shards, edges: Key[]): Promise<Edge[]> {
  const wanted = Map.groupBy(edges, (edge) => edge.accountId);
  return readEach<Edge, AccountId>(shards, [...wanted.keys()], (share) => {
    const mine = share.flatMap((accountId) => wanted.get(accountId) ?? []);
    return sql`
      select likes.account_id, likes.post_id, like_id from likes
      join unnest(${mine.map((edge) => edge.accountId)}::bigint[], ${mine.map((edge) => edge.postId)}::bigint[]) as edge (account_id, post_id)
        on likes.account_id = edge.account_id and likes.post_id = edge.post_id`;
  });
}

/** Gives those that are new: not a like taken back and given again before either was mirrored. */
export async function insertPostLikes(tx: Transaction, edges: Edge[]): Promise<Edge[]> {
  const rows = await tx.rows<Edge & { is_new: boolean }>(sql`
    insert into post_likes (post_id, account_id, like_id)
    select distinct * from unnest(${edges.map((edge) => edge.post_id)}::bigint[], ${edges.map((edge) => edge.account_id)}::bigint[],
      ${edges.map((edge) => edge.like_id)}::bigint[])
    on conflict (post_id, account_id) do update set like_id = excluded.like_id where post_likes.like_id <> excluded.like_id
    returning account_id, post_id, like_id, xmax = 0 as is_new`);
  return rows.filter((row) => row.is_new);
}

export function deletePostLikes(tx: Transaction, edges: Key[]): Promise<Edge[]> {
  return tx.rows<Edge>(sql`
    delete from post_likes using unnest(${edges.map((edge) => edge.postId)}::bigint[], ${edges.map((edge) => edge.accountId)}::bigint[])
      as edge (post_id, account_id)
    where post_likes.post_id = edge.post_id and post_likes.account_id = edge.account_id
    returning post_likes.account_id, post_likes.post_id, like_id`);
}

export function selectLikers(shards: Shards, postId: PostId, before: string, limit: number) {
  return readAtLagging<{ account_id: AccountId; like_id: string }>(
    shards,
    postId,
    sql`
    select account_id, like_id from post_likes where post_id = ${postId} and like_id < ${before} order by like_id desc limit ${limit}`,
  );
}

// saves -------------------------------------------------------------------------------------------------------

export type Save = { post_id: PostId; save_id: string };

export async function insertSave(db: Rows, accountId: AccountId, postId: PostId): Promise<void> {
  await db.rows(sql`
    insert into saves (account_id, post_id, save_id)
    values (${accountId}, ${postId}, next_id(id_logical_shard(${accountId}))) on conflict do nothing`);
}

/** Gives whether it was saved. */
export async function deleteSave(db: Rows, accountId: AccountId, postId: PostId): Promise<boolean> {
  const rows = await db.rows(
    sql`delete from saves where account_id = ${accountId} and post_id = ${postId} returning 1`,
  );
  return rows.length > 0;
}

/** Last saved first; always from the primary, since the member has perhaps just saved one. */
export function selectSaves(
  shards: Shards,
  accountId: AccountId,
  before: string,
  limit: number,
): Promise<Save[]> {
  return readAt<Save>(
    shards,
    accountId,
    sql`
    select post_id, save_id from saves where account_id = ${accountId} and save_id < ${before}
    order by save_id desc limit ${limit}`,
  );
}

/** On one server: what its accounts have saved of a post, at most `limit` at a time. */
export async function deleteSavesOfPost(database: Database, postId: PostId, limit: number): Promise<number> {
  const rows = await database.rows(sql`
    delete from saves where (account_id, post_id) in (
      select account_id, post_id from saves where post_id = ${postId} and is_owned(account_id) limit ${limit})
    returning 1`);
  return rows.length;
}

export async function deleteSomeSaves(tx: Transaction, accountId: AccountId, limit: number): Promise<number> {
  const rows = await tx.rows(sql`
    delete from saves where account_id = ${accountId} and post_id in (
      select post_id from saves where account_id = ${accountId} limit ${limit}) returning 1`);
  return rows.length;
}

// removal -----------------------------------------------------------------------------------------------------

export async function deletePostLikesOf(db: Rows, postId: PostId): Promise<void> {
  await db.rows(sql`delete from post_likes where post_id = ${postId}`);
}

export async function deleteLikesOfPost(db: Rows, postId: PostId, accountIds: AccountId[]): Promise<void> {
  await db.rows(sql`delete from likes where post_id = ${postId} and account_id = any(${accountIds})`);
}

export async function deleteSomeLikes(
  tx: Transaction,
  accountId: AccountId,
  limit: number,
): Promise<PostId[]> {
  const rows = await tx.rows<{ post_id: PostId }>(sql`
    delete from likes where account_id = ${accountId} and post_id in (
      select post_id from likes where account_id = ${accountId} limit ${limit}) returning post_id`);
  return rows.map((row) => row.post_id);
}
